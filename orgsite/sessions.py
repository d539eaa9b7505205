"""Sessions in the database under the hash of their key: who reads the table, or a dump of it, can enter nowhere."""

from __future__ import annotations

import hashlib
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

KEY_LENGTH = 40  # what the table has room for: 160 bits of the hash


def stored(key: str) -> str:
    """The key of a cookie as the table has it."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:KEY_LENGTH]


class SessionStore(db.SessionStore):
    """Django's own, but for the key that it looks under."""

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
