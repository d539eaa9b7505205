"""Hostile multipart forms: truncated, without a beginning, or with too many parts."""

from __future__ import annotations

from tests.hostile.corpus.cases import FORM, Case, multipart, post

ORG = "name: Dev\nworkspaces: [{name: PM}]\n"
FILE = ("file", "dev.yaml", ORG.encode())
HONEST = multipart({"org": "acme"}, files=[FILE])
FIELD = 'Content-Disposition: form-data; name="org"'

BODIES: dict[str, bytes] = {
    "no file": multipart({"org": "acme"}, files=[]),
    "two files": multipart({"org": "acme"}, files=[FILE, FILE]),
    "a file in another field": multipart({"org": "acme"}, files=[("template", "dev.yaml", b"name: Dev")]),
    "files without end": multipart({"org": "acme"}, files=[(f"f{n}", "x.yaml", b"x") for n in range(5_000)]),
    "fields without end": multipart({f"f{n}": "x" for n in range(30_000)}, files=[FILE]),
    "the same field twice": HONEST.replace(b"--x--", b"--x\r\n" + FIELD.encode() + b"\r\n\r\nother\r\n--x--"),
    "a field nobody knows": multipart({"org": "acme", "force": "true"}, files=[FILE]),
    "nothing": b"",
    "nothing but its end": b"--x--\r\n",
    "a boundary it never uses": HONEST.replace(b"--x", b"--y"),
    "no last boundary, no file": b'--x\r\nContent-Disposition: form-data; name="org"\r\n\r\nacme',
    "a part without a name": HONEST.replace(b'name="org"', b""),
    "a header of a megabyte": HONEST.replace(FIELD.encode(), FIELD.encode() + b"\r\nX-Long: " + b"a" * 2**20),
    "headers without end": HONEST.replace(FIELD.encode(), FIELD.encode() + b"\r\nX: y" * 50_000),
    "a field of five megabytes": multipart({"org": "a" * 5 * 2**20}, files=[FILE]),
    "more than a body has": multipart({"org": "acme"}, files=[("file", "dev.yaml", b"#" * (14 * 2**20))]),
    "a field of no UTF-8": multipart({"org": "acme"}, files=[FILE]).replace(b"acme", b"\xff\xfe"),
    "a NUL in a field": multipart({"org": "ac\0me"}, files=[FILE]),
    "base64 that is none": HONEST.replace(FIELD.encode(), FIELD.encode() + b"\r\nContent-Transfer-Encoding: base64"),
    "a file of no name": multipart({"org": "acme"}, files=[("file", "", b"name: Dev")]),
    "a file of another kind": multipart({"org": "acme"}, files=[("file", "dev.exe", b"MZ")]),
    "a file of no kind": multipart({"org": "acme"}, files=[("file", "dev", b"name: Dev")]),
    "a file that goes up": multipart({"org": "acme"}, files=[("file", "../../../etc/cron.d/x", b"x")]),
    "a zip called YAML": multipart({"org": "acme"}, files=[("file", "dev.yaml", b"PK\x03\x04")]),
    "a script called a zip": multipart({"org": "acme"}, files=[("file", "dev.zip", b"#!/bin/sh")]),
    "a mode nobody knows": multipart({"org": "acme", "mode": "force"}, files=[FILE]),
}
BOUNDARIES = {
    "no boundary": "multipart/form-data",
    "an empty boundary": "multipart/form-data; boundary=",
    "a boundary of a thousand characters": "multipart/form-data; boundary=" + "x" * 1_000,
    "a boundary that is none": "multipart/form-data; boundary=\u00ff\u00fe",
    "a boundary in quotes that never close": 'multipart/form-data; boundary="x',
    "parts of another kind": "multipart/mixed; boundary=x",
    "another character set": "multipart/form-data; boundary=x; charset=utf-7",
    "a character set that does not exist": "multipart/form-data; boundary=x; charset=nope",
}
HARMLESS: dict[str, bytes] = {
    "a part without headers": b"--x\r\n\r\nacme\r\n" + multipart({"org": "acme", "dry_run": "1"}, files=[FILE]),
    "a name with quotes and semicolons": multipart(
        {"org": "acme", "dry_run": "1"}, files=[("file", 'a\\"; filename=x.zip; b.yaml', b"name: Dev")]
    ),
    "words before and after": b"hello\r\n" + multipart({"org": "acme", "dry_run": "1"}, files=[FILE]) + b"bye",
}


def _case(name: str, body: bytes, kind: str = FORM[1], *, harmless: bool = False) -> Case:
    headers = (("Content-Type", kind),)
    return Case(kind="form", name=name, harmless=harmless, data=lambda inside: post(inside, body, headers))


FORMS = [
    *(_case(name, body) for name, body in BODIES.items()),
    *(
        _case(name, HONEST, kind)
        for name, kind in BOUNDARIES.items()
        if name != "a boundary in quotes that never close"
    ),
    *(_case(name, body, harmless=True) for name, body in HARMLESS.items()),
]
