"""The app, and the rows that `migrate` makes: the `default` organization and three groups."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.db.models.signals import post_migrate

WORKSPACE = ("view_workspace", "view_historicalworkspace")
AUDIT = ("view_structureevent", "view_importrun")
TOKENS = ("view_apitoken", "add_apitoken", "change_apitoken")  # their own; only a superuser reaches those of others
GROUPS = {
    "Viewer": WORKSPACE + TOKENS,
    "Auditor": WORKSPACE + AUDIT + TOKENS,
    "Operator": (*WORKSPACE, *AUDIT, *TOKENS, "add_workspace", "change_workspace", "import_org", "cascade_delete"),
}


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        post_migrate.connect(create_default_organization, sender=self)
        post_migrate.connect(create_groups, sender=self)


def create_default_organization(using: str, apps: Any = global_apps, **_: Any) -> None:
    """Make the `default` organization, with the model of this migration, which may have fewer columns than today's."""
    if _model_exists("Organization", apps):
        rows = apps.get_model("workspaces", "Organization").objects.using(using)
        rows.get_or_create(slug="default", defaults={"name": "Default"})


def create_groups(using: str, apps: Any = global_apps, **_: Any) -> None:
    """Make missing groups; an existing one keeps the permissions that an administrator chose."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    if not _model_exists("Organization", apps):
        return
    for label in ("audit", "workspaces"):
        create_permissions(global_apps.get_app_config(label), using=using, verbosity=0)
    for name, codenames in GROUPS.items():
        group, created = Group.objects.using(using).get_or_create(name=name)
        if created:
            group.permissions.set(
                Permission.objects.using(using).filter(
                    codename__in=codenames, content_type__app_label__in=("audit", "workspaces")
                )
            )


def _model_exists(model: str, apps: Any) -> bool:
    """Whether the model exists after this migration: `migrate workspaces zero` removes it."""
    try:
        return bool(apps.get_model("workspaces", model))
    except LookupError:
        return False
