"""`manage.py sweep`: the engine's contents against the desired ones, and a person's decisions about strays."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from workspaces.core.containers.sweep_plan import Finding, Sweep, Unknown
from workspaces.engines.base import Engine
from workspaces.management.command_base import OrgCommand, shell_actor
from workspaces.services.containers.installation import (
    RESTORED,
    accept_epochs,
    disputed_epochs,
    installation,
    is_restored,
    note_epochs,
)
from workspaces.services.sweep.strays import (
    described,
    destroy_strays,
    first_seen,
    note_destroyed,
    note_stopped,
    note_strays,
    quarantine,
    stop_strays,
)
from workspaces.services.sweep.sweeping import mend, survey
from workspaces.worker.engine_choice import engine

IN_MEMORY = "The engine in memory is the worker's own; nobody else can look into it."
NONE = "No engine runs here (ORGSITE_ENGINE=none), so there is nothing to sweep."
NOBODY = "Nobody is there to confirm; repeat with --yes. Nothing was destroyed."
PARTLY = "Some of it may be done already; `manage.py sweep --dry-run` says what is left."
CHANGES = 2


class Command(OrgCommand):
    help = (
        "Compare the engine with the database, as a worker does every minute: start live workspaces whose container is "
        "gone, release what removed ones left, stop the containers of strays whose quarantine is over. A stray is what "
        "the engine holds and the database does not know; it is only destroyed by --purge."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.allow_abbrev = False  # `--force`, which is gone, would be taken for Django's `--force-color`
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--dry-run", action="store_true", help="Print what is found, change nothing; exit status 2 if there is any."
        )
        what.add_argument(
            "--accept",
            action="store_true",
            help="This is the right database, although containers were made from events that it does not hold.",
        )
        what.add_argument(
            "--purge",
            nargs="*",
            metavar="ID",
            help="Destroy the strays with these workspace ids, or all: containers and volumes. Shows them and asks.",
        )
        parser.add_argument("--yes", action="store_true", help="With --purge: do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["yes"] and options["purge"] is None:
            raise CommandError("--yes belongs to --purge. Nothing was changed.")
        name, containers = _engine()
        self.stdout.write(f"Installation {name} on {containers.check()}")
        sweep = survey(containers)
        if options["purge"] is not None:
            self._purge(sweep, containers, only=_ids(options["purge"]), ask=not options["yes"])
        elif options["accept"]:
            self._accept(sweep)
        else:
            self._sweep(sweep, containers, dry_run=options["dry_run"])

    # ---- as a worker does

    def _sweep(self, sweep: Sweep, containers: Engine, *, dry_run: bool) -> None:
        self.done = "" if dry_run else PARTLY
        strays = () if dry_run else mend(sweep)
        restored = is_restored() or bool(disputed_epochs(sweep.epochs))
        self._print(sweep, restored=restored)
        if dry_run:
            sys.exit(0 if sweep.clean and not restored else CHANGES)
        errors = stop_strays(strays, engine=containers, grace=_grace())
        note_stopped([stray for stray in strays if not errors[stray.id]], actor=shell_actor())
        _complain("Not stopped", errors)
        if restored:
            raise CommandError(RESTORED)

    def _print(self, sweep: Sweep, *, restored: bool) -> None:
        for finding in sweep.leftovers:
            self.stdout.write(f"- {_line(finding)}{_delay(restored=restored)}")
        for finding in sweep.phantoms:
            self.stdout.write(f"+ {_line(finding)}")
        seen = first_seen(sweep.strays)
        for stray in sweep.strays:
            self.stdout.write(f"? {described(stray)}; {_fate(stray, seen.get(stray.id), restored=restored)}")
        release, start, unknown = len(sweep.leftovers), len(sweep.phantoms), len(sweep.strays)
        self.stdout.write(f"Sweep: {release:,} to release, {start:,} to start again, {unknown:,} unknown.")
        if restored:
            self.stderr.write(RESTORED)

    # ---- decisions of a person

    def _accept(self, sweep: Sweep) -> None:
        self.done = PARTLY
        note_epochs(sweep.epochs)
        note_strays(sweep.strays)
        if not accept_epochs(actor=shell_actor()):
            self.stdout.write("There is nothing to accept: every container was made from events of this database.")
            return
        self.stdout.write("Accepted. The worker carries out removals again.")
        if sweep.strays:
            until = _until(min(first_seen(sweep.strays).values()))
            self.stdout.write(
                f"{len(sweep.strays):,} unknown: their containers run until {until}, their volumes until "
                "`manage.py sweep --purge`."
            )

    def _purge(self, sweep: Sweep, containers: Engine, *, only: set[UUID], ask: bool) -> None:
        if is_restored() or disputed_epochs(sweep.epochs):
            raise CommandError(RESTORED)
        shown = _chosen(sweep, only)
        for stray in shown:
            self.stdout.write(f"- {described(stray)}")
        if not shown:
            self.stdout.write("Nothing unknown is on the engine, so there is nothing to destroy.")
            return
        if ask:
            self._ask(len(shown))
        now_known = {stray.id for stray in survey(containers).strays}  # the answer may have taken long
        strays = [stray for stray in shown if stray.id in now_known]
        self.done = PARTLY
        errors = destroy_strays(strays, engine=containers, grace=_grace())
        note_destroyed([stray for stray in strays if not errors[stray.id]], actor=shell_actor())
        self.stdout.write(f"Destroyed {sum(not error for error in errors.values()):,}, containers and volumes.")
        _complain("Not destroyed", errors)

    def _ask(self, count: int) -> None:
        if not sys.stdin.isatty():
            raise CommandError(NOBODY)
        if input(f"Type {count}, the number of strays to destroy with their volumes: ").strip() != str(count):
            raise CommandError("Not confirmed. Nothing was destroyed.")


def _engine() -> tuple[str, Engine]:
    if settings.ORGSITE_ENGINE == "fake":
        raise CommandError(IN_MEMORY)
    name = installation().name
    containers = engine(name)
    if containers is None:
        raise CommandError(NONE)
    return name, containers


def _grace() -> timedelta:
    return timedelta(seconds=settings.ORGSITE_STOP_GRACE)


def _ids(texts: Sequence[str]) -> set[UUID]:
    try:
        return {UUID(text.removeprefix("ws-")) for text in texts}
    except ValueError as error:
        raise CommandError(f"Not a workspace id: {error}. Nothing was destroyed.") from error


def _chosen(sweep: Sweep, only: set[UUID]) -> list[Unknown]:
    """All strays, or those with the ids. An id of no stray is refused, and then nothing is destroyed."""
    if others := only - {stray.id for stray in sweep.strays}:
        listed = ", ".join(sorted(f"ws-{key}" for key in others))
        raise CommandError(f"No stray: {listed}. `manage.py sweep --dry-run` lists them. Nothing was destroyed.")
    return [stray for stray in sweep.strays if not only or stray.id in only]


def _complain(what: str, errors: dict[UUID, str]) -> None:
    if left := [f"ws-{key}: {error}" for key, error in errors.items() if error]:
        raise CommandError(f"{what}:\n" + "\n".join(left))


def _line(finding: Finding) -> str:
    return f"ws-{finding.id} {finding.known.name}: {finding.why}"


def _delay(*, restored: bool) -> str:
    """Why a removed workspace's leftovers are not released now."""
    if restored:
        return "; it is left as it is until `manage.py sweep --accept`"
    return (
        "" if settings.ORGSITE_SWEEP == "on" else f"; it is left as it is, as ORGSITE_SWEEP is {settings.ORGSITE_SWEEP}"
    )


def _fate(stray: Unknown, seen_at: datetime | None, *, restored: bool) -> str:
    """Its treatment, and the time of it."""
    if restored:
        return "it is left as it is until `manage.py sweep --accept`"
    if not stray.runs:
        return "nothing of it runs; it stays until `manage.py sweep --purge`"
    if settings.ORGSITE_SWEEP != "on":
        return f"it runs on, as ORGSITE_SWEEP is {settings.ORGSITE_SWEEP}"
    return f"its container runs until {_until(seen_at) if seen_at else 'a worker has known it for ORGSITE_QUARANTINE'}"


def _until(seen_at: datetime) -> str:
    return f"{seen_at + quarantine():%Y-%m-%d %H:%M:%S} UTC"
