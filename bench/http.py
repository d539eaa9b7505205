"""An import over HTTP: the upload, reading, validating, planning, applying, and the answer."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from statistics import median
from typing import Any

import yaml
from django.contrib.auth import get_user_model

from bench import rowwise
from bench.documents import as_json, as_yaml
from bench.findings import Finding, Section, Table
from bench.imports import MAIN
from bench.scratch import connect, new_place
from bench.site import MIB, Site, running_site
from bench.trees import tree
from workspaces.core.limits import TemplateLimits
from workspaces.core.reading.reader import Format
from workspaces.services.security.tokens import issue_api_token
from workspaces.services.templates.loader import TemplateLoader

SIZE = 10_000
LIMITS = {"ORGSITE_MAX_TEMPLATE_BYTES": str(64 * MIB), "ORGSITE_THROTTLE": "off"}
WORDS = """
`POST /org/import` with the document as its body, into an organization without workspaces, on one process of
`python -m orgsite.serve`; from the first byte sent to the last of the answer, which names every workspace. Reading and
validating were timed by themselves, in turn with it. `rowwise` starts from a tree in memory, as before. The limits are
held against JSON, which is what programs send. YAML is told beside it: libyaml alone, as PyYAML hands out its events,
takes about a quarter of what reading and validating it takes, and each event has to become a value with a line.
"""
Times = dict[str, list[float]]


def measure(*, n: int) -> Section:
    size = min(n, SIZE)
    times = collect(size, rounds=5 if n >= SIZE else 2)
    own = {name: median(seconds) for name, seconds in times.items()}
    faster = Finding(
        what=f"import of {size:,} over HTTP: faster than rowwise", measured=own["rowwise"] / own["JSON"], limit=10,
        at_least=True, detail=f"as YAML {own['rowwise'] / own['YAML']:.1f} ×",
    )  # fmt: skip
    share = Finding(
        what="reading and validating: part of the import over HTTP",
        measured=100 * own["reading JSON"] / own["JSON"], limit=100 / 3, unit="%",
        detail=f"as YAML {100 * own['reading YAML'] / own['YAML']:.0f} %",
    )  # fmt: skip
    rows = [(name, f"{seconds * 1000:,.0f}", str(len(times[name]))) for name, seconds in own.items()]
    return Section(
        title="Over HTTP",
        words=WORDS,
        findings=[faster, share],
        tables=[Table(head=(f"{size:,} workspaces", "ms, median", "rounds"), rows=rows)],
    )


def collect(size: int, *, rounds: int) -> Times:
    template = tree(MAIN, size)
    documents = {"YAML": as_yaml(template), "JSON": as_json(template)}
    loader = TemplateLoader(limits=TemplateLimits(max_bytes=64 * MIB, max_nodes=2 * size))
    bearer = {"Authorization": f"Bearer {issue_api_token(get_user_model().objects.create_superuser('bench'))}"}
    times: Times = defaultdict(list)
    with running_site(**LIMITS) as site, connect() as link:
        for turn in range(rounds + 1):
            for kind, document in documents.items():
                place = new_place(f"{kind.lower()}-{turn}")
                spent = _import(site, place.slug, kind, document, bearer)
                format: Format = "yaml" if kind == "YAML" else "json"
                began = time.perf_counter()
                loader.text(document, format=format)
                if turn:  # the first round is a warm-up
                    times[kind].append(spent)
                    times[f"reading {kind}"].append(time.perf_counter() - began)
            began = time.perf_counter()
            _events(documents["YAML"])
            times["libyaml's events"].append(time.perf_counter() - began)
            if turn == 1:
                began = time.perf_counter()
                rowwise.import_template(link, new_place("rowwise"), template)
                times["rowwise"].append(time.perf_counter() - began)
    return times


def _events(document: bytes) -> None:
    loader: Any = yaml.CSafeLoader(document)
    while loader.get_event() is not None:
        pass


def _import(site: Site, slug: str, kind: str, document: bytes, bearer: dict[str, str]) -> float:
    """The seconds that the import took."""
    answer = site.import_document(document, kind=kind, slug=slug, headers=bearer)
    assert answer.status == 201, answer.body[:500]
    assert json.loads(answer.body)["created_count"], "It created nothing."
    return answer.seconds
