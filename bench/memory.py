"""The site's memory during a large import, and during uploads that are refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.test import Client
from django.utils.crypto import get_random_string

from bench import documents
from bench.findings import Finding, Section, Table
from bench.imports import MAIN
from bench.site import MIB, Answer, Site, running_site
from bench.trees import tree
from workspaces.models import Organization
from workspaces.services.security.tokens import issue_api_token

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AT_MOST, ABOVE_IDLE = 1024.0, 50.0  # MiB
NODES, BYTES = 20_000, 5 * MIB  # the default limits of uploads
BOUNDARY = "bench"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}
DOCUMENTS = {
    "YAML": lambda n: documents.as_yaml(tree(MAIN, n)),
    "JSON": lambda n: documents.as_json(tree(MAIN, n)),
}
WORDS = f"""The highest resident memory of the site's process (VmHWM, reset before each request), over HTTP, on
`python -m orgsite.serve`, which is started anew for each request and warmed up with small ones; idle is what it holds
then. For an import the limits of bytes and nodes are raised to let it through; what is refused meets the limits as they
come ({NODES:,} nodes, {BYTES // MIB} MiB)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request whose answer has to have `status`. `body` is called when it is sent."""

    what: str
    body: Callable[[], bytes | Iterator[bytes]]
    headers: Mapping[str, str]
    status: int = 413
    path: str = "/org/import"


def measure(*, n: int) -> Section:
    """Measure imports of `n` nodes, and refused uploads of a fixed size (fewer of them if `n` is small)."""
    user = _superuser()
    bearer = {"Authorization": f"Bearer {issue_api_token(user)}"}
    imports = [_import(n, kind, bearer) for kind in DOCUMENTS]
    others = [*_refused(), *_uploads(user)][:: 1 if n >= 10_000 else 9]
    taken = [(each, _above_idle(each, bearer)) for each in others]
    above, worst = max((above, each.what) for each, above in taken if each.status != 302)
    return Section(
        title="Memory",
        words=WORDS,
        findings=[
            *(finding for finding, _ in imports),
            Finding(what="refused uploads above idle", measured=above, limit=ABOVE_IDLE, unit="MiB", detail=worst),
        ],
        tables=[
            Table(head=["import", "idle", "peak", "seconds"], rows=[row for _, row in imports]),
            Table(
                head=["request", "answer", "peak above idle"],
                rows=[[each.what, str(each.status), _mib(above)] for each, above in taken],
            ),
        ],
    )


def _import(n: int, kind: str, bearer: Mapping[str, str]) -> tuple[Finding, list[str]]:
    slug = f"memory-{kind.lower()}"
    Organization.objects.create(slug=slug, name=slug)
    document = DOCUMENTS[kind](n)
    limits = {"ORGSITE_MAX_TEMPLATE_BYTES": str(512 * MIB), "ORGSITE_MAX_TEMPLATE_NODES": str(2 * n + 1000)}
    with running_site(ORGSITE_THROTTLE="off", **limits) as site:
        _warm(site, bearer)
        idle = site.resident()
        site.forget_peak()
        answer = site.import_document(document, kind=kind, slug=slug, headers=bearer)
        peak = site.peak()
    if answer.status != 201:
        raise AssertionError(f"{kind}: {answer.status}, {answer.body[:500]!r}")
    what = f"peak memory for an import of {n:,} nodes as {kind}"
    detail = f"idle {_mib(idle)}, body {_mib(len(document) / MIB)}, {answer.seconds:.1f} s"
    row = [f"{n:,} nodes as {kind}", _mib(idle), _mib(peak), f"{answer.seconds:.1f}"]
    return Finding(what=what, measured=peak, limit=AT_MOST, unit="MiB", detail=detail), row


def _above_idle(request: Request, bearer: Mapping[str, str]) -> float:
    with running_site(ORGSITE_THROTTLE="off") as site:
        _warm(site, bearer)
        idle = site.resident()
        return _peak(site, request, bearer)[1] - idle


def _peak(site: Site, request: Request, bearer: Mapping[str, str]) -> tuple[Answer, float]:
    """The answer, and the process's peak memory. `bearer` is left out if the request has a session cookie."""
    credentials = {} if "Cookie" in request.headers else bearer
    site.forget_peak()
    answer = site.send("POST", request.path, headers={**request.headers, **credentials}, body=request.body())
    if answer.status != request.status:
        raise AssertionError(f"{request.what}: {answer.status}, {answer.body[:500]!r}")
    return answer, site.peak()


def _warm(site: Site, bearer: Mapping[str, str]) -> None:
    """Warm the site up with small requests of every kind: what they load stays in memory."""
    small = b"name: Small\nworkspaces: [{name: One}]\n"
    for _ in range(3):
        site.send("GET", "/workspaces", headers=bearer)
        site.send("POST", "/org/import?dry_run=true", headers={**YAML, **bearer}, body=small)
        site.send(
            "POST", "/org/import", headers={**JSON, **bearer}, body=b'{"dry_run": true, "template": {"name": "x"}}'
        )
        form = b"".join(_form(b'{"name": "Small"}', name="small.json", fields={"dry_run": "true"}))
        site.send("POST", "/org/import", headers={**FORM, **bearer}, body=form)
        site.send("GET", "/admin/login/", headers={})


# ---- the requests


def _refused() -> Iterator[Request]:
    length = {"Content-Length": str(sum(map(len, _large_form())))}
    yield Request(what="a form of 200 MiB", body=_large_form, headers={**FORM, **length})
    yield Request(what="a form of 200 MiB, chunked, of a length nobody says", body=_large_form, headers=FORM)
    yield Request(
        what="YAML of 200 MiB, chunked",
        body=lambda: (b"# 3456789 1234567\n" * 58_254 for _ in range(200)),
        headers=YAML,
    )
    yield Request(what="a zip of 256 KiB that holds 256 MiB", body=lambda: _form(_bomb(), name="org.zip"), headers=FORM)
    yield Request(what=f"YAML of {NODES + 1:,} nodes", body=lambda: _flat_yaml(NODES + 1), headers=YAML)
    yield Request(what=f"JSON of {NODES + 1:,} nodes", body=lambda: _flat_json(NODES + 1), headers=JSON)
    yield Request(
        what="YAML of 4 MiB that breaks off", body=lambda: DOCUMENTS["YAML"](7_000) + b"\n@", headers=YAML, status=400
    )
    yield Request(what="YAML whose aliases stand for 10⁹ values", body=_laughs, headers=YAML)
    yield Request(what="JSON of 4 MiB of empty mappings", body=lambda: b"[%b{}]" % (b"{}," * 1_400_000), headers=JSON)
    yield Request(what="YAML of 2 MiB of empty mappings", body=lambda: b"a: [%b{}]" % (b"{}," * 700_000), headers=YAML)
    yield Request(
        what="YAML of 4 MiB of small mappings", body=lambda: b"a: [%b{}]" % (b"{a: 1}," * 600_000), headers=YAML
    )


def _uploads(user: User) -> Iterator[Request]:
    """Uploads to the admin's page."""
    client, secret = Client(), get_random_string(32)
    client.force_login(user)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": secret}
    browser = {**FORM, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    fields = {"csrfmiddlewaretoken": secret, "org": "default"}
    page = "/admin/import/"
    length = {"Content-Length": str(sum(map(len, _large_form())))}
    yield Request(what="a form of 200 MiB at the page", body=_large_form, headers={**browser, **length}, path=page)
    yield Request(
        what="a preview of 10,000 nodes at the page",
        body=lambda: b"".join(_form(DOCUMENTS["JSON"](10_000), name="org.json", fields=fields)),
        headers=browser,
        path=page,
        status=302,
    )


def _form(content: bytes, *, name: str, fields: Mapping[str, str] | None = None) -> Iterator[bytes]:
    for key, value in (fields or {}).items():
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    yield content
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def _large_form() -> Iterator[bytes]:
    before, _, after = _form(b"", name="org.yaml")
    yield before
    yield from (bytes(MIB) for _ in range(200))
    yield after


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("org.yaml", "w") as file:
        for _ in range(256):
            file.write(b" " * MIB)
    return packed.getvalue()


def _flat_yaml(n: int) -> bytes:
    return b"name: Flat\nworkspaces:\n" + b"".join(b"- {name: W%d}\n" % number for number in range(n))


def _flat_json(n: int) -> bytes:
    nodes = b", ".join(b'{"name": "W%d"}' % number for number in range(n))
    return b'{"template": {"name": "Flat", "workspaces": [%b]}}' % nodes


def _laughs() -> bytes:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%b]" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 9)]
    return b"\n".join([b"name: Laughs", *lines, b""])


def _superuser() -> User:
    made: User = get_user_model().objects.create_superuser("bench")
    return made


def _mib(amount: float) -> str:
    return f"{amount:,.0f} MiB"
