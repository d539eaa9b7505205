"""How long the first look at each page takes, in a small organization and in a large one."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from django.contrib.auth.models import Permission, User
from django.test import Client

from bench.dataset import Crowd, gather
from bench.findings import Finding, Section, Table
from bench.page_probes import look, pages, queries_of, scans, slowest
from workspaces.models import Membership

SMALL = 1_000  # workspaces, with ten times as many events
FULL = 10_000  # workspaces from which on every page is looked at
QUICK = ("home", "tree", "workspaces by name", "its history", "run", "timeline", "GET /workspaces", "GET /events")
LOOKS, QUICK_LOOKS = 7, 2  # at each page, after one that fills the caches
REQUIRED = ("tree", "timeline", "run")
TWICE = 2.0
WORDS = """\
An organization of {small:,} workspaces and {small_events:,} events is made and every page of it looked at; then one
of {n:,} workspaces and {events:,} events beside it, in the same database, and the pages of both are looked at in turn.
{removed} Of the small one the lower figure counts, alone or beside the large one. A look is a request in this process:
all of Django, templates and queries, without the network. The time is the median of {looks} after one more. VACUUM
(ANALYZE) stands in for autovacuum, which would come within a minute. A page that shows fewer rows where there are few
is compared as it is. Every query of a page is explained by carrying it out; of the slowest one it is said whether it
reads a large table from end to end, or throws away rows by the ten thousand."""
REMOVED = "Half as many again were removed, a tenth waits with an error, a tenth of the names is used twice."


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Figures:
    """Of one page: milliseconds, and the queries it takes."""

    milliseconds: float
    queries: int


def measure(*, n: int) -> Section:
    """`n` is the number of workspaces in the large organization; there are ten events for each."""
    logging.disable(logging.ERROR)
    small = gather("small", workspaces=SMALL, events=10 * SMALL)
    names, looks = (tuple(pages(small)), LOOKS) if n >= FULL else (QUICK, QUICK_LOOKS)
    guest = member(small)
    alone = figures({"small": (guest, small)}, names, looks)["small"]
    large = gather("large", workspaces=n, events=10 * n)
    client = member(large)
    beside = figures({"small": (guest, small), "large": (client, large)}, names, looks)
    before, after = {name: min(alone[name], beside["small"][name]) for name in names}, beside["large"]
    reading = {name: found for name in names if (found := reads(client, pages(large)[name]))}
    words = WORDS.format(small=SMALL, small_events=10 * SMALL, n=n, events=10 * n, looks=looks, removed=REMOVED)
    return Section(
        title="Pages", words=words, findings=findings(before, after, reading), tables=[table(before, after, reading)]
    )


def member(crowd: Crowd) -> Client:
    """A browser in which somebody has signed in who may do everything, in this organization alone."""
    user = User.objects.create_user(crowd.organization.slug, is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    Membership.objects.create(organization=crowd.organization, user=user)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def figures(
    viewers: Mapping[str, tuple[Client, Crowd]], names: Sequence[str], looks: int
) -> dict[str, dict[str, Figures]]:
    """By viewer and page. They look in turn, so that whatever else the machine does slows all of them down."""
    found: dict[str, dict[str, Figures]] = {viewer: {} for viewer in viewers}
    for name in names:
        queries = {viewer: len(queries_of(client, pages(crowd)[name])) for viewer, (client, crowd) in viewers.items()}
        times: dict[str, list[float]] = {viewer: [] for viewer in viewers}
        for _ in range(looks):
            for viewer, (client, crowd) in viewers.items():
                times[viewer].append(look(client, pages(crowd)[name]))
        for viewer in viewers:
            found[viewer][name] = Figures(milliseconds=median(times[viewer]), queries=queries[viewer])
    return found


def reads(client: Client, address: str) -> str:
    """What the page's slowest query reads for nothing; "" where it does not."""
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
