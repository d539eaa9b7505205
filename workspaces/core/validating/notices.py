"""Warnings about values that are accepted but may be mistakes: one sentence for each subject, with all its places."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from difflib import get_close_matches

from lib.text import clip
from workspaces.core.problems import Mark, Path, format_path

MAX_NOTICES = 100
MAX_TEXT = 4 * 1024 * 1024
"""Characters of all places together; places beyond it are only counted."""
MAX_GUESSED = 40
SHOWN = 3
"""Places of a warning that people see; the others are only counted."""

_BEFORE, _BETWEEN = ": ", ", "
_UNCOUNTED = re.compile("and ([0-9,]+) more")


@dataclass(kw_only=True, slots=True)
class _Notice:
    subject: str
    places: list[str] = field(default_factory=list)
    more: int = 0

    def __str__(self) -> str:
        more = [f"and {self.more:,} more"] if self.more else []
        return f"{self.subject}{_BEFORE}{_BETWEEN.join([*self.places, *more])}"


class Notices:
    """The first hundred subjects with their places, and a count of the others."""

    def __init__(self, locate: Callable[[Path], Mark]) -> None:
        self._locate = locate
        self._notices: dict[str, _Notice] = {}
        self._dropped: set[str] = set()
        self._room = MAX_TEXT

    def add_unknown_key(self, key: str, path: Path, known: Collection[str]) -> None:
        """Add a warning about an unknown key; the closest of the `known` keys is suggested."""
        self._record(f"key {key}", path, lambda: _unknown(key, known))

    def add(self, subject: str, path: Path, *, about: str = "") -> None:
        """Add a warning `subject` at `path`; `about` is the file that it concerns."""
        self._record(subject, path, lambda: subject, about=about)

    def _record(self, identity: str, path: Path, subject_text: Callable[[], str], *, about: str = "") -> None:
        notice = self._notices.get(identity)
        if notice is None:
            if len(self._notices) >= MAX_NOTICES:
                self._dropped.add(identity)
                return
            notice = self._notices[identity] = _Notice(subject=subject_text())
        if self._room <= 0:
            notice.more += 1
            return
        place = _place(path, self._locate(path), about)
        self._room -= len(place)
        notice.places.append(place)

    def sentences(self) -> tuple[str, ...]:
        """All warnings, in the order of their first place."""
        more = (f"… and {len(self._dropped):,} more warnings",) if self._dropped else ()
        return (*(str(notice) for notice in self._notices.values()), *more)


def brief(sentence: str) -> str:
    """A warning for people: with its first places and the number of the others."""
    subject, before, text = sentence.rpartition(_BEFORE)
    places = text.split(_BETWEEN)
    if not before or len(places) <= SHOWN:
        return sentence
    uncounted = _UNCOUNTED.fullmatch(places[-1])
    more = len(places) - SHOWN + (int(uncounted[1].replace(",", "")) - 1 if uncounted else 0)
    return f"{subject}{before}{_BETWEEN.join([*places[:SHOWN], f'and {more:,} more'])}"


def _unknown(key: str, known: Collection[str]) -> str:
    close = get_close_matches(key, sorted(known), n=1) if len(key) <= MAX_GUESSED else []
    guess = f" (did you mean `{close[0]}`?)" if close else ""
    return f"unknown key `{clip(key, 60)}`{guess}, kept but not used"


def _place(path: Path, mark: Mark, about: str) -> str:
    """The place as text, without the separators before and between places, so that `brief` can split them again."""
    where = f"{format_path(path)} ({mark})" if str(mark) else format_path(path)
    place = f"{clip(about, 200)} in {where}" if about else where
    return place.replace(_BETWEEN, ",\u00a0").replace(_BEFORE, ":\u00a0")
