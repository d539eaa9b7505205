"""Scratch space for a runner: an organization and a connection of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from django.db import connection

from workspaces.models import Organization

# A token for each container, as a worker makes one, so that a delete has something to revoke.
TOKENS = """
    INSERT INTO workspaces_workspacetoken (workspace_id, digest, created_at)
    SELECT id, encode(sha256(id::text::bytea), 'hex'), now() FROM workspaces_workspace
    WHERE organization_id = %s AND status <> 'removed'
"""
LIVE = "SELECT id FROM workspaces_workspace WHERE organization_id = %s AND status <> 'removed' ORDER BY created_at DESC"

ROOTS = "SELECT id FROM workspaces_workspace WHERE organization_id = %s AND status <> 'removed' AND parent_id IS NULL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """`organization` is its id."""

    organization: int
    slug: str


def new_place(slug: str) -> Place:
    row = Organization.objects.create(slug=slug, name=slug, created_at=datetime.now(UTC))
    return Place(organization=row.pk, slug=slug)


def connect() -> psycopg.Connection:
    """A plain psycopg connection to Django's database, with autocommit."""
    settings = connection.settings_dict
    host, port = settings["HOST"] or None, settings["PORT"] or None
    return psycopg.connect(dbname=settings["NAME"], user=settings["USER"], host=host, port=port, autocommit=True)


def give_tokens(link: psycopg.Connection, place: Place) -> None:
    link.execute(TOKENS, (place.organization,))


def live_ids(link: psycopg.Connection, place: Place) -> list[UUID]:
    """The ids of the live workspaces, newest first."""
    return [key for (key,) in link.execute(LIVE, (place.organization,))]


def root_ids(link: psycopg.Connection, place: Place) -> list[UUID]:
    return [key for (key,) in link.execute(ROOTS, (place.organization,))]
