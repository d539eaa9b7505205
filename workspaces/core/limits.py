"""Limits for one template."""

from __future__ import annotations

from dataclasses import dataclass

DEEPEST_TREE = 150
"""The maximum for the setting: deeper trees may overflow the stack in the standard library (`json`, `asdict`)."""


MANY_BYTES = 40 * 1024 * 1024
"""Beyond it, text repeated at many places costs a preview more memory than the template itself."""

# For the sentence of a refusal: the settings from which these limits come or are computed
OF_BYTES = "(limit: ORGSITE_MAX_TEMPLATE_BYTES)"
OF_NODES = "(limit: ORGSITE_MAX_TEMPLATE_NODES)"
OF_DEPTH = "(limit: ORGSITE_MAX_TEMPLATE_DEPTH)"


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateLimits:
    """`max_bytes` bounds all files read together, `max_nodes` and `max_depth` the tree of workspaces."""

    max_bytes: int = 12 * 1024 * 1024
    max_nodes: int = 20_000
    max_depth: int = 64

    def __post_init__(self) -> None:
        if not 1 <= self.max_depth <= DEEPEST_TREE:
            raise ValueError(f"the depth limit must be from 1 to {DEEPEST_TREE}")

    @property
    def max_nesting(self) -> int:
        """Levels of lists and mappings: two for each level of `children`, and some for a workspace's own values."""
        return 2 * self.max_depth + 24

    @property
    def max_values(self) -> int:
        """Scalars, lists, mappings. An alias counts as all its values; a workspace with a schedule has a dozen."""
        return max(10_000, 15 * self.max_nodes)

    @property
    def max_expanded_bytes(self) -> int:
        """Text with aliases, defaults and prompt files expanded at every place that uses them."""
        return min(8 * self.max_bytes, max(MANY_BYTES, 4 * self.max_bytes))

    @property
    def max_file_reads(self) -> int:
        """File reads, for includes and prompts."""
        return max(2_000, 2 * self.max_nodes)

    @property
    def max_includes(self) -> int:
        """Followed `!include`s; a file that is included twice counts twice, because it is read twice."""
        return max(2_000, self.max_nodes // 10)
