"""The site's memory over many requests: a process that runs for weeks must not grow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from django.contrib.auth import get_user_model
from django.db import connection

from bench.findings import Finding, Section, Table
from bench.memory import AT_MOST, DOCUMENTS
from bench.mixed import Caller, requests
from bench.site import MIB, Site, running_site
from workspaces.models import Organization

REQUESTS, WARM, NODES = 600, 100, 500
GROWTH = 32.0  # MiB
IMPORTS = 6
WORDS = f"""
One process of `python -m orgsite.serve` for each series, its resident memory (VmRSS) read after every hundredth answer.
{REQUESTS} mixed requests of a tree of {NODES} (`bench/mixed.py`: imports of both modes, dry runs, lists, pages, uploads
and their previews, deletes, refusals), each sent when the one before is answered; what the first {WARM} bring into
memory stays there and is not counted. Then {IMPORTS} imports in a row, in turn as YAML and JSON, each into an
organization of its own: the highest it ever held (VmHWM).
"""


def measure(*, n: int) -> Section:
    """Measure both series; short ones if `n` is small."""
    caller = Caller.of(get_user_model().objects.create_superuser("series"))
    name = connection.display_name
    growth, memory = mixed(caller, number=REQUESTS if n >= 10_000 else REQUESTS // 5)
    large, peaks = imports(caller.bearer, n=n)
    return Section(
        title=f"Series of requests, {name}",
        words=WORDS,
        findings=[growth, large],
        tables=[
            Table(
                head=["requests", "resident"], rows=[[str(after), f"{mib:,.0f} MiB"] for after, mib in memory.items()]
            ),
            Table(
                head=[f"imports of {n:,}", "peak so far", "resident"],
                rows=[[str(index), *(f"{mib:,.0f} MiB" for mib in row)] for index, row in enumerate(peaks, 1)],
            ),
        ],
    )


def mixed(caller: Caller, *, number: int) -> tuple[Finding, dict[int, float]]:
    """The growth of memory from the first sixth of the requests to the last, and the memory after each sixth."""
    org, step = _organization("mixed"), number // (REQUESTS // WARM)
    memory: dict[int, float] = {}
    with running_site(ORGSITE_THROTTLE="off", ORGSITE_ENGINE="none") as site:
        for count, _ in enumerate(islice(requests(site, caller, org=org, nodes=NODES), number), 1):
            if count % step == 0:
                memory[count] = site.resident()
    what = f"growth from request {step} to {number}, {connection.display_name}"
    detail = f"{memory[step]:,.0f} → {memory[number]:,.0f} MiB"
    return Finding(what=what, measured=memory[number] - memory[step], limit=GROWTH, unit="MiB", detail=detail), memory


def imports(bearer: Mapping[str, str], *, n: int) -> tuple[Finding, list[tuple[float, float]]]:
    """The peak memory over imports of `n`, and after each import: the peak so far and the memory then."""
    limits = {"ORGSITE_MAX_TEMPLATE_BYTES": str(512 * MIB), "ORGSITE_MAX_TEMPLATE_NODES": str(2 * n + 1000)}
    documents = {kind: DOCUMENTS[kind](n) for kind in DOCUMENTS}
    with running_site(ORGSITE_THROTTLE="off", **limits) as site:
        peaks = [_import(site, documents, index, bearer) for index in range(IMPORTS)]
    what = f"peak memory over {IMPORTS} imports of {n:,} in a row, {connection.display_name}"
    return Finding(what=what, measured=peaks[-1][0], limit=AT_MOST, unit="MiB"), peaks


def _import(site: Site, documents: Mapping[str, bytes], index: int, bearer: Mapping[str, str]) -> tuple[float, float]:
    kind = list(documents)[index % len(documents)]
    answer = site.import_document(documents[kind], kind=kind, slug=_organization(f"large-{index}"), headers=bearer)
    assert answer.status == 201, answer.body[:500]
    return site.peak(), site.resident()


def _organization(slug: str) -> str:
    Organization.objects.create(slug=slug, name=slug)
    return slug
