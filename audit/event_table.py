"""The catalogue of events as a table in Markdown, for `docs/events.md` and the description of `GET /events`. Pure.

`python -m audit.event_table docs/events.md` puts it into the document again, between its marks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from audit.event_types import EVENT_TYPES, EventType

BEGIN, END = "<!-- the catalogue: written by python -m audit.event_table -->", "<!-- end of the catalogue -->"
HEAD = ("| type | | what it says | payload |", "| --- | --- | --- | --- |")
WORDS = {"str": "text", "int": "number", "bool": "true or false"}


def as_markdown() -> str:
    """A row for each type, in the order of the catalogue."""
    return "\n".join((*HEAD, *(_row(each) for each in EVENT_TYPES)))


def with_table(text: str) -> str:
    """The document with the present table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{as_markdown()}\n\n{END}{after}"


def _row(kind: EventType[Any]) -> str:
    says, keys = f"{kind.noun} {kind.verb}".rstrip(), ", ".join(_keys(kind.payload))
    return f"| `{kind.name}` | {kind.sign} | {says} | {keys} |"


def _keys(payload: type[Any]) -> Iterator[str]:
    for key, hint in get_type_hints(payload).items():
        kind = _kind(hint)
        yield f"`{key}`" if kind == "text" else f"`{key}` ({kind})"


def _kind(hint: Any) -> str:
    """`text`, `number`, `list of objects`, `text or null`."""
    if get_origin(hint) is list:
        (item,) = get_args(hint)
        return "list of texts" if item is str else "list of objects"
    parts = [each for each in get_args(hint) or (hint,) if each is not type(None)]
    words = WORDS[parts[0].__name__]
    return f"{words} or null" if type(None) in get_args(hint) else words


if __name__ == "__main__":
    for name in sys.argv[1:]:
        document = Path(name)
        document.write_text(with_table(document.read_text(encoding="utf-8")), encoding="utf-8")
