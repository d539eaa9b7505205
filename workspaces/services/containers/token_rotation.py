"""Access tokens of containers end before their workspaces do: after a new secret key, or a leak.

The token's container is replaced too: only a new container can get the next token.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from lib.database_clock import database_now
from workspaces.access import Actor
from workspaces.core.containers.lifecycle import Desired
from workspaces.models import Container, Organization, WorkspaceToken
from workspaces.services.containers.provisioning import container_token
from workspaces.services.containers.restarts import restart
from workspaces.services.security.tokens import digest, revoke_workspace_tokens

WHY = "its access token was rotated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """How many tokens were revoked, and how many containers are made anew."""

    revoked: int = 0
    renewed: int = 0


def rotate_tokens(organization: Organization, *, actor: Actor, every: bool = False, by_hand: bool = False) -> Rotation:
    """Revoke the tokens of the organization's containers that were derived from another secret key than the present
    one, or, if `every`, all of them; make those containers anew. `by_hand`: revoke tokens made by hand, too.

    Under the organization's lock. A container being started meanwhile is replaced later.
    """
    with transaction.atomic():
        Organization.objects.lock([organization.pk])
        usable = WorkspaceToken.objects.filter(workspace__organization=organization, revoked_at=None)
        ended = _ended(organization, usable.filter(of_container=True), every=every)
        handed_out = usable.filter(of_container=False).values_list("pk", flat=True) if by_hand else ()
        revoked = revoke_workspace_tokens(WorkspaceToken.objects.filter(pk__one_of=[*ended, *handed_out]), actor=actor)
        renewed = restart(set(ended.values()), why=WHY, actor=actor, now=database_now())
    return Rotation(revoked=revoked, renewed=len(renewed))


def _ended(organization: Organization, tokens: QuerySet[WorkspaceToken], *, every: bool) -> dict[int, UUID]:
    """The tokens to revoke, each with its workspace."""
    found = tokens.values_list("pk", "workspace_id", "digest")
    if every:
        return {pk: key for pk, key, _ in found}
    rows = Container.objects.filter(organization=organization, desired=Desired.RUNNING).values_list("pk", "generation")
    current = {digest(container_token(*row)) for row in rows}
    return {pk: key for pk, key, text in found if text not in current}
