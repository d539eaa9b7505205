"""Whatever is sent, the running site refuses it, soon, and holds what it held before."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.hostile.corpus import CASES, by_kind
from tests.hostile.corpus.cases import Case
from tests.hostile.inside import Inside
from tests.hostile.wire import Answer, exchange

SOON = 9.0  # seconds of the processor: beside other programs one that is shared gets a third done
GROWTH = 150  # mebibytes
KINDS = dict(by_kind())
READ = {"yaml", "json", "zip", "form", "head", "line"}  # and refused before any database is asked


@pytest.fixture(scope="package", autouse=True)
def _memory_stays_bounded(inside: Inside) -> Iterator[None]:
    exchange(inside.site.url, CASES[0].data(inside))  # what is loaded once, by whoever comes first
    held, most = inside.site.memory()
    yield
    now_held, now_most = inside.site.memory()
    assert now_held - held < GROWTH, f"the site holds {now_held - held} MiB more than before"
    assert now_most - most < GROWTH, f"the site held {now_most - most} MiB more at times"


def test_there_are_enough_of_them() -> None:
    names = [str(case) for case in CASES]
    assert len(names) == len(set(names)) >= 150


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.once] * (kind in READ)) for kind in KINDS])
def test_it_is_refused_soon_and_changes_nothing(inside: Inside, kind: str) -> None:
    before = inside.rows()
    faults = [fault for case in KINDS[kind] for fault in wrong(inside, case, before)]
    assert not faults, "\n".join(faults)


def wrong(inside: Inside, case: Case, before: dict[str, tuple[int, str]]) -> Iterator[str]:
    """What is wrong with the site's answer, or with what it holds afterwards."""
    data, used = case.data(inside), inside.site.processor_seconds()
    answer = exchange(inside.site.url, data)
    used = inside.site.processor_seconds() - used
    if not (answer.status == 200 if case.harmless else 400 <= answer.status < 500):
        yield f"{case}: answered {answer.status}: {answer.body[:300]!r}"
    if not case.harmless and not names_an_error(answer):
        yield f"{case}: no error is named: {answer.body[:300]!r}"
    if b"Traceback" in answer.body:
        yield f"{case}: the answer shows a stack trace"
    if used >= SOON:
        yield f"{case}: took {used:.1f} s of the processor"
    after = inside.rows()
    if changed := [name for name in after if after[name] != before[name]]:
        before |= after
        yield f"{case}: changed {', '.join(changed)}"


def names_an_error(answer: Answer) -> bool:
    """Whether a refusal in JSON says what is wrong, or asks whether all this may go. Others have no form to keep."""
    if "json" not in answer.headers.get("content-type", ""):
        return True
    said = json.loads(answer.body)
    return bool(said.get("error")) or said.get("status") == "confirmation_required"


def test_the_site_says_nothing_of_an_error_of_its_own(inside: Inside) -> None:
    assert "Traceback" not in inside.site.said()
