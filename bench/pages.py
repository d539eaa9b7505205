"""The time of each page in a small organization and in a large one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from django.contrib.auth.models import Permission, User
from django.test import Client

from bench.dataset import Dataset, make_dataset
from bench.findings import Finding, Section, Table
from bench.page_probes import pages, queries_of, scans, slowest, time_page
from workspaces.models import Membership

SMALL = 1_000  # workspaces, with ten times as many events
FULL = 10_000  # from so many workspaces on, every page is measured
QUICK = ("home", "tree", "workspaces by name", "its history", "run", "timeline", "GET /workspaces", "GET /events")
ROUNDS, QUICK_ROUNDS = 7, 2  # of each page, after one that fills the caches
REQUIRED = ("tree", "timeline", "run")
TWICE = 2.0
WORDS = """\
An organization of {small:,} workspaces and {small_events:,} events is made and every page of it looked at; then one
of {n:,} workspaces and {events:,} events beside it, in the same database, and the pages of both are looked at in turn.
{removed} Of the small one the lower figure counts, alone or beside the large one. A look is a request in this process:
all of Django, templates and queries, without the network. The time is the median of {rounds} after one more. VACUUM
(ANALYZE) stands in for autovacuum, which would come within a minute. A page that shows fewer rows where there are few
is compared as it is. Every query of a page is explained by carrying it out; of the slowest one it is said whether it
reads a large table from end to end, or throws away rows by the ten thousand."""
REMOVED = "Half as many again were removed, a tenth waits with an error, a tenth of the names is used twice."


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Figures:
    """The time (milliseconds) and the number of queries of one page."""

    milliseconds: float
    queries: int


def measure(*, n: int) -> Section:
    """Measure with `n` workspaces in the large organization, and ten events for each."""
    logging.disable(logging.ERROR)
    small = make_dataset("small", workspaces=SMALL, events=10 * SMALL)
    names, rounds = (tuple(pages(small)), ROUNDS) if n >= FULL else (QUICK, QUICK_ROUNDS)
    guest = member(small)
    alone = figures({"small": (guest, small)}, names, rounds)["small"]
    large = make_dataset("large", workspaces=n, events=10 * n)
    client = member(large)
    beside = figures({"small": (guest, small), "large": (client, large)}, names, rounds)
    before, after = {name: min(alone[name], beside["small"][name]) for name in names}, beside["large"]
    reading = {name: found for name in names if (found := reads(client, pages(large)[name]))}
    words = WORDS.format(small=SMALL, small_events=10 * SMALL, n=n, events=10 * n, rounds=rounds, removed=REMOVED)
    return Section(
        title="Pages", words=words, findings=findings(before, after, reading), tables=[table(before, after, reading)]
    )


def member(dataset: Dataset) -> Client:
    """A browser session of a user with all permissions, in this organization only."""
    user = User.objects.create_user(dataset.organization.slug, is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    Membership.objects.create(organization=dataset.organization, user=user)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def figures(
    viewers: Mapping[str, tuple[Client, Dataset]], names: Sequence[str], rounds: int
) -> dict[str, dict[str, Figures]]:
    """The figures by viewer and page. The viewers take turns, so that other load on the machine affects all alike."""
    found: dict[str, dict[str, Figures]] = {viewer: {} for viewer in viewers}
    for name in names:
        queries = {
            viewer: len(queries_of(client, pages(dataset)[name])) for viewer, (client, dataset) in viewers.items()
        }
        times: dict[str, list[float]] = {viewer: [] for viewer in viewers}
        for _ in range(rounds):
            for viewer, (client, dataset) in viewers.items():
                times[viewer].append(time_page(client, pages(dataset)[name]))
        for viewer in viewers:
            found[viewer][name] = Figures(milliseconds=median(times[viewer]), queries=queries[viewer])
    return found


def reads(client: Client, address: str) -> str:
    """The wasteful nodes (`scans`) of the page's slowest query, or ""."""
    _, plan = slowest(queries_of(client, address))
    return ", ".join(scans(plan))


def findings(before: Mapping[str, Figures], after: Mapping[str, Figures], reading: Mapping[str, str]) -> list[Finding]:
    ratios = {name: after[name].milliseconds / before[name].milliseconds for name in before}
    worst = max(ratios, key=lambda name: ratios[name])
    return [
        Finding(what="the page that grows most", measured=ratios[worst], limit=TWICE, detail=worst),
        *(Finding(what=f"the page “{name}”", measured=ratios[name], limit=TWICE) for name in REQUIRED),
        Finding(
            what="pages whose slowest query reads a large table for nothing",
            measured=len(reading),
            limit=0,
            unit="",
            detail="; ".join(f"{name}: {what}" for name, what in reading.items()),
        ),
    ]


def table(before: Mapping[str, Figures], after: Mapping[str, Figures], reading: Mapping[str, str]) -> Table:
    return Table(
        head=("page", "queries", "small, ms", "large, ms", "ratio", "reads for nothing"),
        rows=[
            (
                name,
                f"{after[name].queries}",
                f"{before[name].milliseconds:,.1f}",
                f"{after[name].milliseconds:,.1f}",
                f"{after[name].milliseconds / before[name].milliseconds:.2f}",
                reading.get(name, ""),
            )
            for name in before
        ],
    )
