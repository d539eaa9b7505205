"""Hostile YAML: for memory, for time, or with tags that construct objects."""

from __future__ import annotations

from functools import partial

from tests.hostile.corpus.cases import Document, encoded

MEBIBYTE = 2**20
TREE = "name: Dev\nworkspaces: [{name: PM}]\n"


def laughs(levels: int, width: int, *, opened: str = "[", closed: str = "]", item: str = "*a{}") -> str:
    lines = [f"a0: &a0 {opened}{', '.join(['x: 1'] if opened == '{' else ['x'] * width)}{closed}"]
    for level in range(1, levels):
        inner = ", ".join((f"k{n}: " if opened == "{" else "") + item.format(level - 1) for n in range(width))
        lines.append(f"a{level}: &a{level} {opened}{inner}{closed}")
    return "name: Dev\n" + "\n".join(lines)


REFUSED: dict[str, str | bytes] = {
    # ---- more than it looks
    "a billion laughs": laughs(10, 9),
    "a billion laughs of mappings": laughs(10, 9, opened="{", closed="}"),
    "one long text by many aliases": "name: Dev\na: &a " + "x" * MEBIBYTE + "\nb: [" + "*a, " * 60 + "]",
    "a workspace by many aliases": "name: Dev\nworkspaces:\n- &w {name: PM}\n" + "- *w\n" * 30_000,
    "an alias in itself": "name: Dev\na: &a [*a]",
    "an alias as its own key": "name: Dev\na: &a {*a : 1}",
    "an alias of nothing": "name: Dev\na: *nobody",
    "a document of nothing but an alias": "*a",
    "nodes without end": "name: Dev\nworkspaces:\n" + "".join(f"- {{name: w{n}}}\n" for n in range(40_000)),
    "values without end": "name: Dev\nx: [" + "1," * (2 * MEBIBYTE) + "]",
    "merge keys that double": "name: Dev\na0: &a0 {x: 1, y: 1, z: 1}\n"
    + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}\n" for n in range(1, 60)),
    "a wide mapping merged without end": "name: Dev\na: &a {"
    + ",".join(f"k{n}: 1" for n in range(5_000))
    + "}\nb:\n"
    + "- {<<: *a}\n" * 5_000,
    "merge keys in a chain": "name: Dev\na0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 9_000)),
    "noncharacters, and line breaks of YAML 1.1": "name: Dev\nx: '"
    + "".join(map(chr, range(0xFDD0, 0xFDF0)))
    + "\u2028'",
    "keys without end": "name: Dev\nx: {" + ",".join(f"k{n}: 1" for n in range(300_000)) + "}",
    "the same key without end": "name: Dev\n" + "a: 1\n" * 150_000,
    "more bytes than a template has": "name: Dev\n#" + "x" * (12 * MEBIBYTE + 100_000),
    "problems without end": "name: Dev\nworkspaces:\n" + "- {tier: 99}\n" * 15_000,
    # ---- deeper than a stack
    "lists in lists": "[" * 100_000,
    "lists in lists, by dashes": "- " * 100_000,
    "mappings in mappings": '{"a":' * 100_000,
    "complex keys in complex keys": "? " * 100_000,
    "indented without end": "\n".join(" " * n + "a:" for n in range(2_000)),
    "children in children": "name: Dev\nworkspaces: [" + "{name: a, children: [" * 300 + "]}" * 300 + "]",
    # ---- more than text
    "a tag that runs Python": 'name: !!python/object/apply:os.system ["true"]',
    "a tag that makes a class": "name: !!python/object:workspaces.models.Workspace {}",
    "a tag that names a module": "name: !!python/name:os.system ''",
    "a tag of another schema": "name: !<tag:yaml.org,2002:java/object> x",
    "a tag for binary data": "name: !!binary aGVsbG8=",
    "a tag for a set": "!!set {a, b}",
    "an include without files": "name: !include /etc/passwd",
    "an include of a list": "name: !include [a, b]",
    "a tag of five megabytes": "name: !" + "a" * (4 * MEBIBYTE) + " x",
    "a directive nobody knows": "%YAML 9.9\n---\nname: Dev",
    "directives without end": "%A b\n" * 100_000 + "---\nname: Dev",
    "a merge key of text": "name: Dev\nworkspaces: [{<<: x, name: PM}]",
    "a merge key twice": "name: Dev\na: &a {tier: 1}\nworkspaces: [{<<: *a, <<: *a, name: PM}]",
    "a merge key of itself": "name: Dev\na: &a {<<: *a}",
    "a merge key in a list in a list": "name: Dev\na: &a {b: 1}\nc: {<<: [[*a]]}",
    "a name that only a merge key brings": "name: Dev\na: &a {name: PM}\nworkspaces: [{<<: *a}, {<<: *a}]",
    "line breaks of YAML 1.1": "name: Dev\u2028workspaces: [{name: PM}]",
    "two documents": "name: Dev\n---\nname: Prod",
    "documents without end": "---\n" * 200_000,
    # ---- numbers and words
    "an integer of five thousand digits": "name: Dev\nworkspaces: [{name: PM, tier: " + "9" * 5_000 + "}]",
    "an integer of a megabyte": "name: Dev\nx: " + "1" * MEBIBYTE,
    "an integer beyond 64 bits": "name: Dev\nx: 18446744073709551616",
    "a hexadecimal beyond 64 bits": "name: Dev\nx: 0x" + "f" * 17,
    "an exponent beyond floats": "name: Dev\nx: 1e999999",
    "not a number": "name: Dev\nworkspaces: [{name: PM, tier: .nan}]",
    "infinity": "name: Dev\nx: -.inf",
    "a day that does not exist, as a name": "name: [2020-13-45]",
    "a sexagesimal tier": "name: Dev\nworkspaces: [{name: PM, tier: 1:30}]",
    "an octal tier": "name: Dev\nworkspaces: [{name: PM, tier: 0o3777777777777777777777}]",
    # ---- characters
    "a NUL": b"name: Dev\x00",
    "a NUL by its escape": 'name: "Dev\\0"',
    "a NUL in a key": 'name: Dev\n"a\\0b": 1',
    "half a surrogate pair": 'name: "\\ud800"',
    "half a surrogate pair as bytes": b"name: \xed\xa0\x80",
    "UTF-16 with its mark": TREE.encode("utf-16"),
    "UTF-16 without its mark": TREE.encode("utf-16-le"),
    "UTF-32 with its mark": TREE.encode("utf-32"),
    "UTF-7": b"+ADw-name+AD4-: Dev",
    "an overlong slash": b"name: \xc0\xaf",
    "bytes beyond Unicode": b"name: \xf4\x90\x80\x80",
    "a byte that begins nothing": b"name: \xff\xfe\xfd",
    "tabs for indentation": "name: Dev\nworkspaces:\n\t- name: PM",
    "tabs without end": "name: Dev\n" + "\t" * MEBIBYTE,
    "a bell": b"name: Dev\x07",
    "the delete character": b"name: \x7f",
    # ---- ends too soon
    "nothing": "",
    "nothing but a comment": "# nothing",
    "nothing but marks": "---\n...\n",
    "a quote that never ends": 'name: "' + "a" * MEBIBYTE,
    "a flow that never ends": "name: {a: [b, {c: d",
    "a block scalar with a wrong indicator": "name: |99\n x",
    "an anchor of nothing": "&a",
    "a key longer than a key may be": "name: Dev\n" + "k" * 100_000 + ": 1",
    "a scalar for a template": "just text",
    "a list for a template": "[1, 2, 3]",
    "a key that is a list": "name: Dev\n[a, b]: 1",
    "a key that is nothing": "? \n: name",
}

HARMLESS: dict[str, str | bytes] = {
    "a merge key": "name: Dev\na: &a {tier: 1}\nworkspaces: [{<<: *a, name: PM}]",
    "a merge key of a list": "name: Dev\na: &a {b: 1}\nc: {<<: [*a, *a]}",
    "a comment that goes on in YAML 1.2": "name: Dev # \u2028workspaces: 5\u2029tier: x\x85!!python/name:os.system",
    "line breaks of YAML 1.1 without end": "name: Dev\ndescription: '" + "\u2028" * MEBIBYTE + "'",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + TREE.encode(),
    "words of YAML 1.1": "name: Dev\na: [no, on, y, 1:30, 017, 2020-13-45]\n",
    "an anchor of four megabytes": "name: &" + "a" * (4 * MEBIBYTE) + " Dev",
    "comments without end": "name: Dev\n" + "#\n" * MEBIBYTE,
    "empty lines without end": "name: Dev\n" + "\n" * (4 * MEBIBYTE),
    "a description of four megabytes": "name: Dev\ndescription: '" + "x" * (4 * MEBIBYTE) + "'",
    "a text folded a million times": "name: Dev\ndescription: >\n" + "  x\n" * MEBIBYTE,
    "one byte order mark": b"\xef\xbb\xbf" + b"name: Dev",
    "the server's variables and templates": "name: '${ORGSITE_SECRET_KEY} {{ settings.SECRET_KEY }} {0.__class__}'",
    "a prototype for a key": "name: Dev\n__proto__: {admin: true}\n__class__: x\nconstructor: y",
    "a shell for a name": "name: '$(reboot) `reboot`; DROP TABLE users; --'",
    "markup for a name": "name: '<script>alert(1)</script>'",
    "a formula for a name": "name: '=HYPERLINK(\"http://example.com\")'",
}

YAML_TEXTS = [
    Document(
        kind="yaml",
        name=name,
        filename="dev.yaml",
        content=partial(encoded, text),
        harmless=name in HARMLESS,
    )
    for name, text in (REFUSED | HARMLESS).items()
]
