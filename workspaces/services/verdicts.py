"""This site's policy for plans: the rules of `core` with the numbers of the settings."""

from __future__ import annotations

from django.conf import settings

from workspaces.core.planning.plan_values import Plan
from workspaces.core.planning.policy import Policy, Verdict


def judge(plan: Plan) -> Verdict:
    """The verdict of this site's policy on the plan."""
    return Policy(fraction=settings.ORGSITE_REMOVAL_GUARD).judge(plan)
