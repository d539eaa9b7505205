"""Idempotency keys of forms: a form is carried out once, because its key is stored in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from lib.database_clock import database_now
from workspaces.errors import SubmittedBefore
from workspaces.models import Submission
from workspaces.services.expiry import forget

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REMEMBERED = timedelta(days=1)


@dataclass(kw_only=True, slots=True)
class SubmissionOutcome:
    """The address of the form's result, and a sentence for when it is sent again. No address: nothing was done."""

    address: str = ""
    sentence: str = ""


@contextmanager
def carried_out_once(key: str, *, user: User) -> Iterator[SubmissionOutcome]:
    """A transaction in which the caller carries out the form with this key, and fills in the outcome.

    A second caller with the same key waits until the first has ended. Raises SubmittedBefore if that one did something.
    After any other exception, or an outcome without an address, the form may be sent again.
    """
    with transaction.atomic():
        submission = _begin(key, user=user)
        outcome = SubmissionOutcome()
        yield outcome
        if outcome.address:
            submission.address, submission.said = outcome.address, outcome.sentence
            submission.save(update_fields=["address", "said"])
        else:
            submission.delete()


def forget_submissions() -> int:
    """Delete the keys older than REMEMBERED; return how many."""
    return forget(Submission.objects.filter(created_at__lte=database_now() - REMEMBERED).order_by("created_at"))


def _begin(key: str, *, user: User) -> Submission:
    try:
        with transaction.atomic():  # a savepoint: on PostgreSQL an IntegrityError aborts the whole transaction
            return Submission.objects.create(key=key, user=user, created_at=database_now())
    except IntegrityError as error:
        done = Submission.objects.get(key=key)
        raise SubmittedBefore(address=done.address, sentence=done.said) from error
