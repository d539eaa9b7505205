"""The tiers of a workspace, and its tier and runtime by default."""

from __future__ import annotations

TIERS = range(1, 5)
TIER_RULE = f"must be an integer from {TIERS[0]} to {TIERS[-1]}"
DEFAULT_TIER = 2
DEFAULT_RUNTIME = "langgraph"
