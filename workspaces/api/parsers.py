"""Bodies and parameters → plain values. The core's own reader reads JSON: bounded, with a line for every error."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from lib.text import clip
from workspaces.api.error_answers import RequestInvalid, flatten
from workspaces.core.reading.document import Document
from workspaces.core.reading.reader import read_object
from workspaces.errors import BodyTooLarge, Problem, TemplateInvalid, TemplateTooLarge
from workspaces.services.templates.loader import site_limits

Line = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class YamlText:
    """A YAML body as it came: the template itself."""

    raw: bytes


class JSONBody(BaseParser):
    """A JSON document; `request.data` is a `Document`."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return read_object(read_bounded(stream), site_limits())
        except TemplateTooLarge:
            raise
        except TemplateInvalid as error:
            raise RequestInvalid(error.problems) from error


class YAMLBody(BaseParser):
    """A YAML template; `request.data` is a `YamlText`."""

    media_type = "application/yaml"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        return YamlText(read_bounded(stream))


class OldYAMLBody(YAMLBody):
    media_type = "application/x-yaml"


class TextYAMLBody(YAMLBody):
    media_type = "text/yaml"


def read_bounded(stream: IO[Any]) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as one byte too many has been read."""
    data: bytes = stream.read(settings.ORGSITE_MAX_BODY_BYTES + 1)
    if len(data) > settings.ORGSITE_MAX_BODY_BYTES:
        raise BodyTooLarge(len(data))
    return data


def measure(request: HttpRequest) -> None:
    """Give a chunked body the length its client did not declare: Django takes a body without one for empty."""
    stream = getattr(request, "_stream", None)
    if request.META.get("CONTENT_LENGTH") or not (stream and stream.seekable()):
        return
    stream.seek(0, 2)
    request.META["CONTENT_LENGTH"] = str(stream.tell())
    stream.seek(0)


def refuse_unreadable(request: Request) -> None:
    """Raise BodyTooLarge, or UnsupportedMediaType (415) for an unsupported character set."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > settings.ORGSITE_MAX_BODY_BYTES:
        raise BodyTooLarge(int(length))
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(request.content_type, detail="Send UTF-8; no other character set is read.")


def read_query(request: Request, *, allowed: Collection[str], shape: type[Serializer[Any]] | None) -> Mapping[str, Any]:
    """The query's parameters as `shape` declares them; without a shape only their names are checked.

    Raises RequestInvalid.
    """
    check_query(request.query_params, allowed=shape().fields if shape else allowed)
    return fields(form_values(request.query_params), shape) if shape else {}


def check_query(query: QueryDict, *, allowed: Collection[str]) -> None:
    """Refuse unknown parameters: a typo in a filter must not return everything, nor one in a guard apply it."""
    problems = [_unknown("parameter", key, allowed) for key in query if key not in allowed]
    problems += _repeated(query)
    problems += [_odd(key) for key, value in query.items() if key in allowed and "\0" in str(value)]
    if problems:
        raise RequestInvalid(problems)


def refuse_blank(query: QueryDict) -> None:
    """Refuse a blank filter: an unset variable in a script must not return everything."""
    problems = [
        Problem(message="must not be empty", path=key) for key, value in query.items() if not str(value).strip()
    ]
    if problems:
        raise RequestInvalid(problems)


def form_values(form: QueryDict) -> dict[str, str]:
    """A form's or query's values, each field once. Raises RequestInvalid."""
    problems = _repeated(form)
    if problems:
        raise RequestInvalid(problems)
    return {key: str(value) for key, value in form.items()}


def body_of(request: Request) -> Any:
    """The parsed body: a Document, a YamlText, a form; an empty dict if there is none."""
    return request.data


def body_object(request: Request) -> Document:
    """The JSON object of the body. Raises RequestInvalid for no body and for any other JSON."""
    document = body_of(request)
    if not isinstance(document, Document):
        raise RequestInvalid([Problem(message="The body is empty; send a JSON object.")])
    if not isinstance(document.data, dict):
        raise RequestInvalid([Problem(message="The body must be a JSON object.", line=document.start.line)])
    return document


def body_fields(request: Request, kind: type[Serializer[Any]]) -> dict[str, Any]:
    """The body's fields as `kind` declares them, and no others. Raises RequestInvalid: every problem with its line."""
    document = body_object(request)
    values: Any = document.data
    return fields(values, kind, line=lambda key: document.mark((key,)).line)


def fields(values: Mapping[str, Any], kind: type[Serializer[Any]], *, line: Line = lambda _: None) -> dict[str, Any]:
    """`values` as `kind` declares them; `line` knows where a field was written. Raises RequestInvalid."""
    serializer = kind(data=dict(values))
    known = serializer.fields.keys()
    problems = [_unknown("field", key, known, line=line(key)) for key in values if key not in known]
    if not serializer.is_valid():
        found = flatten(serializer.errors)
        problems += [Problem(message=p.message, path=p.path, line=line(p.path.partition(".")[0])) for p in found]
    if problems:
        raise RequestInvalid(problems)
    valid: dict[str, Any] = serializer.validated_data
    return valid


def _unknown(what: str, key: str, known: Collection[str], *, line: int | None = None) -> Problem:
    message = f"unknown {what}; known here: {', '.join(sorted(known)) or 'none'}"
    return Problem(message=message, path=clip(key, 60), line=line)


def _repeated(form: QueryDict) -> list[Problem]:
    repeated = (key for key, values in form.lists() if len(values) > 1)
    return [Problem(message="given more than once", path=clip(key, 60)) for key in repeated]


def _odd(key: str) -> Problem:
    return Problem(message="must not contain U+0000", path=key)
