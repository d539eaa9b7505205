"""The page of one workspace, around its form."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from workspaces import access
from workspaces.access import Right
from workspaces.admin.run.run_stages import stage_of
from workspaces.admin.shared.field_words import FieldPair, field_name, shown
from workspaces.admin.undo.taking_back import IDS
from workspaces.admin.workspace.removed_facts import removed_facts
from workspaces.core.names import SEPARATOR
from workspaces.core.planning.field_diff import flat
from workspaces.models import Container, Workspace
from workspaces.services.containers.provisioning import stored_files
from workspaces.services.lookups import ancestor_names, live_children_count
from workspaces.services.plans.contents import read_contents

if TYPE_CHECKING:
    from workspaces.access import AnyUser


def facts(workspace: Workspace) -> list[tuple[str, str]]:
    """The facts outside the form, without empty ones."""
    named = (
        ("id", str(workspace.pk)),
        ("organization", workspace.organization.name),
        ("runtime", workspace.runtime),
        ("model", workspace.model),
        ("external address", workspace.url if workspace.external else ""),
        ("declared by", f"the template {workspace.template}" if workspace.template else ""),
        ("created", moment(workspace.created_at)),
        ("last changed", moment(workspace.updated_at)),
        ("last heartbeat", moment(workspace.last_heartbeat_at)),
    )
    return [(name, value) for name, value in named if value]


def differences(workspace: Workspace) -> tuple[FieldPair, ...]:
    """The fields that are not what its template said last: that, and what is live."""
    have = read_contents([workspace.pk])[workspace.pk]
    said, live = flat(have.declared or {}), flat(have.live)
    names = [name for name in dict.fromkeys((*said, *live)) if said.get(name) != live.get(name)]
    return tuple(
        FieldPair(field=field_name(name), before=shown(name, said.get(name)), after=shown(name, live.get(name)))
        for name in names
    )


def moment(when: datetime | None) -> str:
    """`12 May 2026 20:31:06` in the site's zone; "" for never."""
    return date_format(timezone.localtime(when), "j M Y H:i:s") if when else ""


def _restore_url(workspace: Workspace, user: AnyUser) -> str:
    """The page that restores it; "" for a live one, and for those who may not."""
    if workspace.is_live or not access.may(user, Right.IMPORT, workspace.organization):
        return ""
    return f"{reverse('admin:workspaces_workspace_restore')}?{IDS}={workspace.pk}"


def detail(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """The template's context besides the admin's own."""
    above = ancestor_names(workspace)
    tokens = list(workspace.tokens.values_list("revoked_at", flat=True))
    return {
        "workspace": workspace,
        "removed": removed_facts(workspace),
        "restore_url": _restore_url(workspace, request.user),
        "facts": facts(workspace),
        "spec": json.dumps(workspace.spec, indent=2, ensure_ascii=False) if workspace.spec else "",
        "above": above,
        "path": (*above, workspace.name),
        "differences": differences(workspace) if workspace.is_live and workspace.declared is not None else (),
        "below_query": SEPARATOR.join([*above, workspace.name, ""]).strip(),
        "children_count": live_children_count(workspace),
        "files": stored_files(workspace),
        "schedules": workspace.schedules.all(),
        "stage": stage_of(row) if (row := Container.objects.filter(workspace=workspace).first()) else None,
        "usable_tokens": sum(1 for revoked in tokens if revoked is None),
        "revoked_tokens": sum(1 for revoked in tokens if revoked is not None),
        "may_add": workspace.is_live and access.may(request.user, Right.ADD, workspace.organization),
        "may_cascade": workspace.is_live and access.may(request.user, Right.CASCADE_DELETE, workspace.organization),
        "may_purge": not workspace.is_live and access.may(request.user, Right.CASCADE_DELETE, workspace.organization),
        "may_audit": access.has(request.user, Right.VIEW_EVENTS),
        "title": f"{workspace.name}",
        "subtitle": None,
        "show_save_and_add_another": False,
        "show_save_and_continue": False,
    }
