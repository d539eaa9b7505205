"""Links that change a part of the address."""

from __future__ import annotations

from lib.links import Address


def test_a_link_keeps_what_it_does_not_change() -> None:
    address = Address({"q": "Dev Lead", "org": "acme", "by": ""})
    assert address.but(org="other", p=2) == "?q=Dev+Lead&org=other&p=2"


def test_a_link_drops_what_it_empties() -> None:
    assert Address({"q": "a", "type": "workspace.*"}).but(q="") == "?type=workspace.*"
    assert Address({"q": "a"}).without("q") == "?"
