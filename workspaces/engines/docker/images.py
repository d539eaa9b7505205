"""Images on one engine."""

from __future__ import annotations

from docker import APIClient
from docker.errors import APIError, ImageNotFound

from workspaces.errors import EngineRefused


def pull_if_missing(api: APIClient, image: str) -> None:
    """Pull the image unless the engine has it. Raises EngineRefused if that fails."""
    try:
        api.inspect_image(image)
    except ImageNotFound:
        _pull(api, image)


def _pull(api: APIClient, image: str) -> None:
    try:
        # The engine answers 200 when it begins: a later error is only in the stream of messages.
        errors = [line["error"] for line in api.pull(image, stream=True, decode=True) if "error" in line]
    except APIError as error:
        errors = [error.explanation or str(error)]
    if errors:
        raise EngineRefused(f"The image {image} cannot be pulled: {errors[0]}")
