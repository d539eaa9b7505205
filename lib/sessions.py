"""Sessions stored under the hash of their key: a copy of the table, or of a dump, signs nobody in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone
from django.utils.crypto import constant_time_compare

KEY_LENGTH = 40  # characters that Django's table has room for: 160 bits of the hash


def stored(key: str) -> str:
    """The key of a cookie as the table stores it."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:KEY_LENGTH]


def signed_in(keys: Collection[str]) -> dict[str, int]:
    """Key → id of the active user who is still signed in by it: two queries, for any number of keys.

    As in Django's own `get_user`, a changed password ends the session.
    """
    store, wanted = SessionStore(), {stored(key): key for key in keys}
    rows = store.model.objects.filter(session_key__one_of=sorted(wanted), expire_date__gt=timezone.now())
    sessions = {wanted[row.session_key]: store.decode(row.session_data) for row in rows}
    ids = {int(session[SESSION_KEY]) for session in sessions.values() if SESSION_KEY in session}
    users = {str(user.pk): user for user in get_user_model().objects.filter(pk__one_of=sorted(ids), is_active=True)}
    return {
        key: user.pk
        for key, session in sessions.items()
        if (user := users.get(session.get(SESSION_KEY, ""))) and _is_of(user, session.get(HASH_SESSION_KEY, ""))
    }


def _is_of(user: Any, hashed: str) -> bool:
    """Whether `hashed` is the session's hash of the user's password, under the present secret key or an earlier one."""
    known = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(hashed, each) for each in known)


class SessionStore(db.SessionStore):
    """Django's own, with rows found by the hash of the key."""

    def load(self) -> dict[str, Any]:
        rows = self.model.objects.filter(session_key=stored(self.session_key or ""), expire_date__gt=timezone.now())
        row = rows.first()
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row.session_data)

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = stored(self.session_key or "")
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = self.session_key if session_key is None else session_key
        if key is not None:
            super().delete(stored(key))

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)
