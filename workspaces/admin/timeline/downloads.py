"""The filtered events as CSV or JSON, streamed: memory holds one chunk of events, whatever their number."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from audit.models import StructureEvent
from workspaces.admin.timeline.event_queries import Question, in_chunks

COLUMNS = ("id", "created_at", "event_type", "organization", "workspace_id", "import_id", "actor", "payload")
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
# A spreadsheet takes a cell that begins like this for a formula.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def download(request: HttpRequest, question: Question, *, format: str) -> StreamingHttpResponse:
    """The events as a file: `format` is csv or json."""
    texts = _csv(question) if format == "csv" else _json(question)
    streamed = _in_turn(texts) if isinstance(request, ASGIRequest) else texts
    stamp = timezone.localtime(question.minute or (question.span.start if question.span else None))
    name = f"timeline-{stamp:%Y-%m-%d-%H%M}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(streamed, content_type=CONTENT_TYPES[format], headers=headers)


def as_row(event: StructureEvent) -> dict[str, Any]:
    """The event's columns; the time in the site's zone, with its offset."""
    row = {name: getattr(event, name) for name in COLUMNS}
    return {**row, "created_at": timezone.localtime(event.created_at).isoformat()}


def harmless(value: str) -> str:
    """The value as a cell that no spreadsheet executes."""
    return f"'{value}" if value.startswith(DANGEROUS) else value


def _csv(question: Question) -> Iterator[str]:
    yield _lines([COLUMNS])
    for chunk in in_chunks(question):
        yield _lines([_cells(as_row(event)) for event in chunk])


def _cells(row: dict[str, Any]) -> list[str]:
    row["payload"] = json.dumps(row["payload"], ensure_ascii=False, cls=DjangoJSONEncoder)
    return ["" if value is None else harmless(str(value)) for value in row.values()]


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _json(question: Question) -> Iterator[str]:
    before = "[\n"
    for chunk in in_chunks(question):
        rows = (json.dumps(as_row(event), ensure_ascii=False, cls=DjangoJSONEncoder) for event in chunk)
        yield before + ",\n".join(rows)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


async def _in_turn(texts: Iterator[str]) -> AsyncIterator[str]:
    """For an event loop: reads each chunk in a thread, so that a download never blocks it."""
    following = sync_to_async(lambda: next(texts, None))
    while (text := await following()) is not None:
        yield text
