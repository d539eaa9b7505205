"""This site's admin in place of Django's default one."""

from django.contrib.admin.apps import AdminConfig


class OrgAdminConfig(AdminConfig):
    default_site = "orgsite.admin_site.OrgAdminSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib.auth.signals import user_logged_in, user_login_failed

        from lib import database_fitness  # noqa: F401 - registers its check
        from workspaces.web.security_signals import on_failed_login, on_login

        user_logged_in.connect(on_login, dispatch_uid="orgsite.login")
        user_login_failed.connect(on_failed_login, dispatch_uid="orgsite.login_failed")
