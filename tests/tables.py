"""Tables of the documentation, read as values."""

from __future__ import annotations

from tests.modules import ROOT


def table_of(path: str, *, first: str) -> list[dict[str, str]]:
    """The lines of the table whose first column has that name: column → text, without the signs for code."""
    lines = iter((ROOT / path).read_text().splitlines())
    head = next(cells for line in lines if (cells := _cells(line))[0] == first)
    next(lines)  # the rule below the head
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append(dict(zip(head, _cells(line), strict=True)))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
