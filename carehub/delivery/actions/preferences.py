"""When a person wants to be reached: quiet hours, the time of the digest, and the clock that both are read by."""

from dataclasses import dataclass
from datetime import time
from typing import Annotated

from django.db import transaction
from msgspec import Meta

from carehub.accounts import actions as accounts
from carehub.audit import trail
from carehub.core.errors import InvalidInput
from carehub.directory.models import Person

from ..hours import DIGEST_AT, is_within
from ..models import Preference

OnTheClock = Annotated[str, Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time on the wall's clock, 00:00 to 23:59, without a date or an offset."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What holds for a person, chosen or by default."""

    time_zone: str
    quiet_from: time | None
    quiet_until: time | None
    digest_at: time


def preferences(*, by: Person) -> Preferences:
    """One's own."""
    row = Preference.objects.filter(person=by).first()
    if row is None:
        return Preferences(by.time_zone, None, None, DIGEST_AT)
    return Preferences(by.time_zone, row.quiet_from, row.quiet_until, row.digest_at)


@transaction.atomic
def set_preferences(
    *, by: Person, time_zone: str, quiet_from: time | None, quiet_until: time | None, digest_at: time
) -> Preferences:
    """Choose anew; what is queued keeps its time. Raises InvalidInput at the field that cannot be meant."""
    if (quiet_from is None) != (quiet_until is None):
        missing = "quiet_from" if quiet_from is None else "quiet_until"
        raise InvalidInput("Quiet hours have a beginning and an end, or neither.", pointer=f"/{missing}")
    if quiet_from is not None and quiet_until is not None:
        if quiet_from == quiet_until:
            raise InvalidInput("Quiet hours must end at another time than they begin.", pointer="/quiet_until")
        if is_within(digest_at, quiet_from, quiet_until):
            raise InvalidInput(
                "The digest would fall into the quiet hours. Choose a time outside.", pointer="/digest_at"
            )
    accounts.set_time_zone(person=by, time_zone=time_zone)
    Preference.objects.update_or_create(
        person=by, defaults={"quiet_from": quiet_from, "quiet_until": quiet_until, "digest_at": digest_at}
    )
    trail.wrote("preferences.set", by=by.pk)
    return Preferences(time_zone, quiet_from, quiet_until, digest_at)
