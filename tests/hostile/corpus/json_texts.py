"""Hostile JSON: ambiguous, invalid or very deep."""

from __future__ import annotations

from functools import partial

from tests.hostile.corpus.cases import Document, encoded

MEBIBYTE = 2**20

REFUSED: dict[str, str | bytes] = {
    "lists in lists": "[" * 200_000,
    "objects in objects": '{"a":' * 200_000,
    "closed a hundred thousand times": "[" * 100_000 + "]" * 100_000,
    "the same key twice": '{"name": "Dev", "name": "Prod"}',
    "the same key twice, once escaped": '{"name": "Dev", "n\\u0061me": "Prod"}',
    "NaN": '{"name": "Dev", "x": NaN}',
    "Infinity": '{"name": "Dev", "x": -Infinity}',
    "a number of a megabyte": '{"name": "Dev", "x": ' + "1" * MEBIBYTE + "}",
    "an exponent beyond floats": '{"name": "Dev", "x": 1e400}',
    "an exponent of a megabyte": '{"name": "Dev", "x": 1e' + "9" * MEBIBYTE + "}",
    "a leading zero": '{"name": "Dev", "x": 01}',
    "a number beyond 64 bits": '{"name": "Dev", "x": 9223372036854775808}',
    "half a surrogate pair": '{"name": "\\ud800"}',
    "surrogates the wrong way round": '{"name": "\\udc00\\ud800"}',
    "a NUL": '{"name": "D\\u0000ev"}',
    "a NUL in a key": '{"name": "Dev", "a\\u0000": 1}',
    "a raw newline in a string": '{"name": "De\nv"}',
    "an escape nobody knows": '{"name": "\\x41"}',
    "a comment": '{"name": "Dev"} // really',
    "a comma too many": '{"name": "Dev",}',
    "single quotes": "{'name': 'Dev'}",
    "two documents": '{"name": "Dev"}{"name": "Prod"}',
    "nothing": "",
    "a bare word": "undefined",
    "a string that never ends": '{"name": "' + "a" * MEBIBYTE,
    "backslashes without end": '{"name": "' + "\\\\" * MEBIBYTE,
    "brackets of the wrong kind": '{"name": ["Dev"}]',
    "values without end": '{"name": "Dev", "x": [' + '"",' * MEBIBYTE + '""]}',
    "UTF-16": '{"name": "Dev"}'.encode("utf-16"),
    "Latin-1": '{"name": "Dév"}'.encode("latin-1"),
    "a form feed for a space": '{\f"name": "Dev"}',
    "a no-break space for a space": '{\u00a0"name": "Dev"}',
}

HARMLESS: dict[str, str | bytes] = {
    "escapes without end": '{"name": "Dev", "description": "' + "\\u0041" * 500_000 + '"}',
    "white space without end": '{"name": "Dev"' + " " * (4 * MEBIBYTE) + "}",
    "a prototype for a key": '{"name": "Dev", "__proto__": {"isAdmin": true}}',
    "a number with many zeros": '{"name": "Dev", "x": 0.' + "0" * 100_000 + "1}",
}

JSON_TEXTS = [
    Document(
        kind="json",
        name=name,
        filename="dev.json",
        content=partial(encoded, text),
        harmless=name in HARMLESS,
    )
    for name, text in (REFUSED | HARMLESS).items()
]
