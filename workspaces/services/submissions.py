"""Each form is carried out once: its key goes in with what it does, in one transaction."""

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
    """The address that a form led to, and the words for it when it comes again; without an address nothing was done."""

    address: str = ""
    sentence: str = ""


@contextmanager
def carried_out_once(key: str, *, user: User) -> Iterator[SubmissionOutcome]:
    """A transaction in which the form of that key is carried out; what is inside fills in the outcome.

    A second caller waits here until the first one ended. Raises SubmittedBefore where that one did something; whatever
    else is raised, and an outcome without an address, forget the key: the form may be sent again.
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
    """Forget the forms that were sent too long ago to come again by mistake; return how many."""
    return forget(Submission.objects.filter(created_at__lte=database_now() - REMEMBERED).order_by("created_at"))


def _begin(key: str, *, user: User) -> Submission:
    try:
        with transaction.atomic():  # a savepoint: on PostgreSQL a refused row spoils what surrounds it
            return Submission.objects.create(key=key, user=user, created_at=database_now())
    except IntegrityError as error:
        done = Submission.objects.get(key=key)
        raise SubmittedBefore(address=done.address, sentence=done.said) from error
