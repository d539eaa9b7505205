"""Warnings: what was accepted but may not be what was meant. One sentence for each subject, with its places."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from difflib import get_close_matches

from workspaces.core.problems import Mark, Path, clip, format_path

MAX_NOTICES = 100
MAX_PLACES = 3
MAX_GUESSED = 40


@dataclass(kw_only=True, slots=True)
class _Notice:
    subject: str
    places: list[str] = field(default_factory=list)
    more: int = 0

    def __str__(self) -> str:
        more = [f"and {self.more:,} more"] if self.more else []
        return f"{self.subject}: {', '.join([*self.places, *more])}"


class Notices:
    """The first hundred subjects, each with its first places, and a count of the others."""

    def __init__(self, locate: Callable[[Path], Mark]) -> None:
        self._locate = locate
        self._notices: dict[str, _Notice] = {}
        self._unsaid: set[str] = set()

    def unknown(self, key: str, path: Path, known: Collection[str]) -> None:
        """Note a key that nothing reads; `known` are the keys it may have been meant to be."""
        self._add(f"key {key}", path, lambda: _unknown(key, known))

    def say(self, subject: str, path: Path) -> None:
        """Note `subject` at `path`."""
        self._add(subject, path, lambda: subject)

    def _add(self, identity: str, path: Path, word: Callable[[], str]) -> None:
        notice = self._notices.get(identity)
        if notice is None:
            if len(self._notices) >= MAX_NOTICES:
                self._unsaid.add(identity)
                return
            notice = self._notices[identity] = _Notice(subject=word())
        if len(notice.places) >= MAX_PLACES:
            notice.more += 1
        else:
            notice.places.append(_place(path, self._locate(path)))

    def sentences(self) -> tuple[str, ...]:
        """All warnings, in the order of their first place."""
        more = (f"… and {len(self._unsaid):,} more warnings",) if self._unsaid else ()
        return (*(str(notice) for notice in self._notices.values()), *more)


def _unknown(key: str, known: Collection[str]) -> str:
    close = get_close_matches(key, sorted(known), n=1) if len(key) <= MAX_GUESSED else []
    guess = f" (did you mean `{close[0]}`?)" if close else ""
    return f"unknown key `{clip(key, 60)}`{guess}, kept but not used"


def _place(path: Path, mark: Mark) -> str:
    return f"{format_path(path)} ({mark})" if str(mark) else format_path(path)
