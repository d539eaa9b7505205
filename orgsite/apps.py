"""This site's admin in place of Django's default one.

Its pages are imported with the addresses (`orgsite.urls`), not at each start: a command or a worker needs none of them.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class OrgAdminConfig(SimpleAdminConfig):
    default_site = "orgsite.admin_site.OrgAdminSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)
        from django.contrib.auth.signals import user_logged_in, user_login_failed

        from lib import database_fitness  # noqa: F401 - registers its check
        from workspaces.web.security_signals import on_failed_login, on_login

        user_logged_in.connect(on_login, dispatch_uid="orgsite.login")
        user_login_failed.connect(on_failed_login, dispatch_uid="orgsite.login_failed")


def _check_pages(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    admin.autodiscover()
    return check_admin_app(app_configs, **options)
