"""Hypothesis strategies: templates with known and unknown keys, and known texts with a few bytes changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.hostile.corpus import DOCUMENTS
from tests.processes import ROOT

SMALL = 10_000  # bytes
KEYS = [
    "name", "role", "tier", "runtime", "model", "spawning", "files_dir", "external", "url", "plugins", "initial_prompt",
    "initial_prompt_file", "schedules", "cron_expr", "timezone", "prompt", "enabled", "canvas", "children", "defaults",
    "workspaces", "description", "idle_prompt", "required_env", "previously", "<<", "!include", "",
]  # fmt: skip
WORDS = [
    "*/5 * * * *", "UTC", "http://169.254.169.254", "http://a", "no", "~", "*a", "&a", "!!python/name:os", "../../x",
    "\0", "\u202e", "\ud800", "${HOME}", "-x", "!b",
]  # fmt: skip
PIECES = [
    b"\0", b"\xff", b"\xef\xbb\xbf", b"&a ", b"*a", b"<<: *a", b"!include ", b"!!", b"- ", b"{", b"[", b"\t", b"---\n",
    b"? ", b'"', b"'", b"|\n", b"%", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"\xff\xff\xff\xff",
]  # fmt: skip


def templates() -> st.SearchStrategy[Any]:
    """Plain data that looks like a template here and there."""
    scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS)
    keys = st.sampled_from(KEYS) | st.text(max_size=5)
    return st.recursive(
        scalar,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=30,
    )


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A file to begin with: its ending says how it is read."""

    filename: str
    content: bytes


@cache
def seeds() -> list[Seed]:
    """The examples that come with the site, and what of the hostile corpus is small."""
    examples = [Seed(filename=path.name, content=path.read_bytes()) for path in sorted(ROOT.glob("examples/*/*.yaml"))]
    hostile = [Seed(filename=each.filename, content=each.content()) for each in DOCUMENTS]
    return [seed for seed in examples + hostile if len(seed.content) < SMALL]


@st.composite
def spoiled(draw: st.DrawFn, among: Sequence[Seed]) -> Seed:
    """One of the seeds, with pieces cut out, doubled, overwritten or put in."""
    seed = draw(st.sampled_from(among))
    data = bytearray(seed.content)
    for _ in range(draw(st.integers(0, 6))):
        start, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=8) | st.just(bytes(data[start : start + length])))
        data[start : start + draw(st.sampled_from([0, len(piece), length]))] = piece
    return replace(seed, content=bytes(data))
