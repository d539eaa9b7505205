"""The admin with this site's sections, in place of Django's default one."""

from django.contrib.admin.apps import AdminConfig


class OrgAdminConfig(AdminConfig):
    default_site = "orgsite.admin_site.OrgAdminSite"

    def ready(self) -> None:
        super().ready()
        from orgsite import starting  # noqa: F401 - registers its check
