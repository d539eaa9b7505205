"""Write `workspaces/core/characters.py`: the Unicode properties that Python's own `unicodedata` does not have.

They come from the `regex` package (Apache-2.0), which has a newer Unicode database than Python. Only this script uses
it:

    python -m venv /tmp/tables && /tmp/tables/bin/pip install regex
    /tmp/tables/bin/python scripts/characters.py 18.0 > workspaces/core/characters.py

The argument is the Unicode version that the package's description names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import regex

HEAD = '''"""Properties of Unicode {version} that `unicodedata` does not have, each as the inside of a character class.

Made by `scripts/characters.py`; do not edit.
"""

from __future__ import annotations
'''
PROPERTIES = {
    "DEFAULT_IGNORABLE": r"\p{Default_Ignorable_Code_Point}",
    "NONCHARACTERS": r"\p{Noncharacter_Code_Point}",
    "PICTOGRAPHS": r"\p{Extended_Pictographic}",
}
PER_LINE = 5


def ranges(pattern: str) -> Iterator[tuple[int, int]]:
    """The matching code points, as (first, last) of each run."""
    matches = regex.compile(pattern).match
    first = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and matches(chr(code))
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            yield first, code - 1
            first = None


def escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def main() -> None:
    print(HEAD.format(version=sys.argv[1]))
    for name, pattern in PROPERTIES.items():
        runs = [escaped(a) if a == b else f"{escaped(a)}-{escaped(b)}" for a, b in ranges(pattern)]
        lines = ["".join(runs[start : start + PER_LINE]) for start in range(0, len(runs), PER_LINE)]
        print(f"{name} = (\n" + "".join(f'    "{line}"\n' for line in lines) + ")")


if __name__ == "__main__":
    main()
