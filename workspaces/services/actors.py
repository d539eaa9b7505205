"""The actor of a change: always passed as an argument, never taken from a thread-local."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """`name` goes into events and history; `user_id` is set if the actor is a user of this site."""

    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, user: User) -> Actor:
        return cls(name=user.get_username(), user_id=user.pk)


SYSTEM = Actor(name="system")
