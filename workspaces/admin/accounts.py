"""Users and groups as Django has them, but no form of theirs is carried out twice."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.models import Group, User

from orgsite.once import SentOnce

admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(SentOnce, auth.UserAdmin):
    """Django's."""


@admin.register(Group)
class GroupAdmin(SentOnce, auth.GroupAdmin):
    """Django's."""
