"""Links to the same page with a part of its address changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from lib.bounded_count import Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """`current` where it leads to what is shown; `count` is None where counting would cost more than it tells."""

    label: str
    url: str
    count: int | Tally | None = None
    current: bool = False


class Address:
    """The parameters of an address that are not empty, in the order given."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.state = {name: value for name, value in given.items() if value}

    def but(self, **changes: str | int | None) -> str:
        """The same with some parameters changed, None or "" to drop one."""
        state = {**self.state, **changes}
        return "?" + urlencode({name: value for name, value in state.items() if value not in (None, "")}, safe=":*")

    def without(self, *names: str) -> str:
        return self.but(**dict.fromkeys(names))
