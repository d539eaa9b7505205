"""Images of runtimes and limits of tiers, as the settings name them."""

from __future__ import annotations

from django.conf import settings

from workspaces.engines.base import ContainerLimits
from workspaces.engines.options import limits_of

ANY = "*"


def image_for(runtime: str) -> str:
    """The image of a runtime; "" if the settings name none."""
    images: dict[str, str] = settings.ORGSITE_RUNTIME_IMAGES
    return images.get(runtime) or images.get(ANY, "")


def limits_for(tier: int) -> ContainerLimits:
    """The limits of a tier; none if the settings name none."""
    given = settings.ORGSITE_DOCKER_LIMITS
    return limits_of(given.get(str(tier)) or given.get(ANY) or {})
