"""`api_token USERNAME`: prints only the new token on standard output. Also `--list` and `--revoke ID`."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from lib.database_clock import database_now
from lib.times import parse_time
from workspaces.management.command_base import OrgCommand, shell_actor, user_named
from workspaces.models import ApiToken
from workspaces.services.security.tokens import issue_api_token, revoke_api_tokens

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
COLUMNS = "{:>6}  {:<24}  {:<4}  {:<16}  {:<16}  {:<16}  {}"
HEADINGS = ("ID", "NAME", "MAY", "MADE", "LAST USED", "EXPIRES", "STATE")


class Command(OrgCommand):
    help = "Make a token for the REST API, shown once and stored as a hash; or list or revoke a user's tokens."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose it is")
        parser.add_argument("--name", default="", help="what it is for")
        ends = parser.add_mutually_exclusive_group()
        ends.add_argument("--expires-in", type=_lifetime, metavar="30d", help="a number of days, hours or minutes")
        ends.add_argument("--expires-at", type=_moment, metavar="TIME", help="ISO 8601; without a zone it is UTC")
        parser.add_argument("--read-only", action="store_true", help="it looks and makes dry runs, and changes nothing")
        does = parser.add_mutually_exclusive_group()
        does.add_argument("--list", action="store_true", help="the tokens there are, with their last use; no text")
        does.add_argument("--revoke", type=int, metavar="ID", help="this token is of no use any more")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = user_named(username)
        if options["list"]:
            self._list(user)
        elif options["revoke"] is not None:
            self._revoke(user, options["revoke"])
        else:
            text = _issue(user, options)
            self.done = f"A token was made all the same; find it with: manage.py api_token {user} --list"
            self.stdout.write(text)

    def _list(self, user: User) -> None:
        self.stdout.write(COLUMNS.format(*HEADINGS))
        for token in ApiToken.objects.filter(user=user).order_by("pk"):
            moments = (_shown(each) for each in (token.created_at, token.last_used_at, token.expires_at))
            may = "read" if token.read_only else "all"
            self.stdout.write(COLUMNS.format(token.pk, token.name or "-", may, *moments, _state(token)))

    def _revoke(self, user: User, key: int) -> None:
        found = ApiToken.objects.filter(user=user, pk=key)
        if not found.exists():
            raise CommandError(f"{user} has no token {key}. See them with: manage.py api_token {user} --list")
        revoked = revoke_api_tokens(found, actor=shell_actor())
        self.stdout.write(f"Token {key} of {user} {'is' if revoked else 'was already'} revoked.")


def _issue(user: User, options: dict[str, Any]) -> str:
    expires_at = options["expires_at"] or (database_now() + options["expires_in"] if options["expires_in"] else None)
    if expires_at and expires_at <= database_now():
        raise CommandError("--expires-at lies in the past: the token would be of no use.")
    read_only, name = options["read_only"], options["name"]
    return issue_api_token(user, actor=shell_actor(), name=name, expires_at=expires_at, read_only=read_only)


def _lifetime(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no lifetime; write a number with d, h or m, like 30d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _moment(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at and token.expires_at <= database_now() else "usable"


def _shown(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else "never"
