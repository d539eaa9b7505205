"""What is the same for a container wherever it came from: how it is removed."""

from __future__ import annotations

from contextlib import suppress

from docker import APIClient
from docker.errors import APIError, NotFound

CONFLICT = 409


def remove_container(api: APIClient, container_id: str) -> None:
    """Running or not, with what it wrote outside of named volumes. Returns when it is gone, whoever removed it."""
    try:
        api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:  # somebody else's removal is in progress
            raise
        with suppress(NotFound):
            api.wait(container_id, condition="removed")
