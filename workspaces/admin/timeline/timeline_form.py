"""The form of the timeline: the address's parameters → a `Question`, or their errors. Guesses nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from audit.type_filter import is_known, refusal
from workspaces.admin.timeline.event_queries import Question, Span
from workspaces.admin.timeline.workspace_paths import workspaces_called

WINDOWS = {5: "5 minutes", 25: "25 minutes", 60: "1 hour", 1440: "the whole day"}
DEFAULT_WINDOW = 25
LEAD = timedelta(minutes=2)  # shown before the wanted minute
TICK = 5  # minutes: a longer window begins on such a mark
ORDERS = {"oldest": "oldest first", "newest": "newest first"}
FORMATS = {"csv": "CSV", "json": "JSON"}
FIRST_YEAR, LAST_YEAR = 1970, 9998  # beyond them, arithmetic with zones overflows
LAST_ID = 2**63 - 1
FORM_ID = "timeline-form"


class QuestionForm(forms.Form):
    """Every state of the timeline is an address; these are its parameters."""

    day = forms.CharField(
        required=False, max_length=10, widget=forms.TextInput({"size": 10, "placeholder": "YYYY-MM-DD"})
    )
    at = forms.CharField(
        required=False, max_length=5, label="Jump to", widget=forms.TextInput({"size": 5, "placeholder": "HH:MM"})
    )
    window = forms.IntegerField(required=False, min_value=1, max_value=1440, label="Show", widget=forms.Select)
    org = forms.CharField(required=False, label="Organization", widget=forms.Select)
    order = forms.ChoiceField(required=False, choices=[("", "automatic"), *ORDERS.items()])
    type = forms.CharField(required=False, max_length=64, label="Event type", widget=forms.HiddenInput)
    import_id = forms.CharField(required=False, max_length=45, label="Run", widget=forms.TextInput({"form": FORM_ID}))
    actor = forms.CharField(required=False, max_length=255, widget=forms.TextInput({"form": FORM_ID}))
    workspace = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.TextInput({"form": FORM_ID, "placeholder": "name, path or id"}),
    )
    below = forms.BooleanField(
        required=False, label="with all below it", widget=forms.CheckboxInput({"form": FORM_ID, "value": "1"})
    )
    before = forms.IntegerField(required=False, min_value=0, max_value=LAST_ID, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, max_value=LAST_ID, widget=forms.HiddenInput)
    format = forms.ChoiceField(required=False, choices=[("", "page"), *FORMATS.items()], widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any], *, organizations: Mapping[str, str], sees_all: bool) -> None:
        self.given = {name: str(value) for name, value in data.items()}
        super().__init__({**self.given, "window": self.given.get("window", "").strip() or str(DEFAULT_WINDOW)})
        self.organizations = organizations
        self.sees_all = sees_all
        asked = self.data["window"]
        own = {int(asked): f"{asked} minutes"} if asked.isascii() and asked.isdigit() and len(asked) < 5 else {}
        self.fields["window"].widget.choices = [*sorted((own | WINDOWS).items())]
        self.fields["org"].widget.choices = [("", "all of yours"), *organizations.items()]

    def clean_day(self) -> date | None:
        value = self.cleaned_data["day"]
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise forms.ValidationError("Write the day as YYYY-MM-DD, for example 2026-05-12.")
        try:
            found = date.fromisoformat(value)
        except ValueError:
            raise forms.ValidationError(f"There is no day {value}.") from None
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError(f"Give a day of the years {FIRST_YEAR} to {LAST_YEAR}.")
        return found

    def clean_at(self) -> time | None:
        value = self.cleaned_data["at"]
        if not value:
            return None
        if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
            raise forms.ValidationError("Write the time as HH:MM from 00:00 to 23:59, for example 20:13.")
        return time.fromisoformat(value)

    def clean_org(self) -> str:
        value: str = self.cleaned_data["org"]
        if value and value not in self.organizations:
            raise forms.ValidationError(f"There is no organization “{value}”.")
        return value

    def clean_type(self) -> str:
        value: str = self.cleaned_data["type"]
        if value and not is_known(value):
            raise forms.ValidationError(refusal(value))
        return value

    def clean_import_id(self) -> UUID | None:
        return self._uuid("import_id", like="run")

    def clean(self) -> None:
        if self.cleaned_data.get("at") and not self.given.get("day", "").strip():
            self.add_error("day", f"{self.given['at']} of which day? Give the day as well.")
        if asked := self.cleaned_data.get("workspace"):
            self.cleaned_data["workspaces"] = found = workspaces_called(
                asked,
                organizations=self._organizations(self.cleaned_data.get("org", "")),
                below=self.cleaned_data["below"],
            )
            if not found:
                self.add_error("workspace", f"There is no workspace “{asked}”: give a name, a path or an id.")

    def question(self) -> Question:
        """The question of a valid form."""
        given = self.cleaned_data
        day, at, order = given["day"], given["at"], given["order"]
        return Question(
            organizations=self._organizations(given["org"]),
            span=span_of(day, at, given["window"]) if day else None,
            minute=datetime.combine(day, at, timezone.get_current_timezone()) if day and at else None,
            event_type=given["type"],
            import_id=given["import_id"],
            actor=given["actor"],
            workspaces=given.get("workspaces", ()),
            oldest_first=order == "oldest" or (not order and day is not None),
            before=given["before"],
            after=given["after"],
        )

    def _organizations(self, slug: str) -> tuple[str, ...] | None:
        if slug:
            return (slug,)
        return None if self.sees_all else tuple(self.organizations)

    def _uuid(self, field: str, *, like: str) -> UUID | None:
        value = self.cleaned_data[field]
        try:
            return UUID(value) if value else None
        except ValueError:
            message = f"“{value}” is no {like} id; one looks like 0f8e2c1a-5b7d-4c3e-9a6f-1d2b3c4d5e6f."
            raise forms.ValidationError(message) from None


def span_of(day: date, at: time | None, window: int) -> Span:
    """The stretch of time to show: the whole day, or `window` minutes that begin a little before `at`."""
    zone = timezone.get_current_timezone()
    if at is None or window == max(WINDOWS):
        following = datetime.combine(day + timedelta(days=1), time.min, zone)
        return Span(start=datetime.combine(day, time.min, zone).astimezone(UTC), end=following.astimezone(UTC))
    start = datetime.combine(day, at, zone).astimezone(UTC)
    if window >= TICK:
        start -= LEAD
    if window > 2 * TICK:
        start -= timedelta(minutes=start.minute % TICK)
    return Span(start=start, end=start + timedelta(minutes=window))
