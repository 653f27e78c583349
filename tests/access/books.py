"""Rule books of the tests, and who adopts them."""

from typing import Any

import msgspec

from carehub.access.actions import adopt_rules
from carehub.access.models import RuleBook
from carehub.access.rulebook import BUILT_IN, Book
from carehub.directory.models import Person, PractitionerRole
from tests.cast import Cast

URGENT_SLOWER = {"delivered_minutes": 120, "acknowledged_minutes": 960, "incident_minutes": 2880}
"""Twice the built-in clock."""


def as_data() -> Any:
    """The built-in book as an API client reads it; to be changed at will."""
    return msgspec.json.decode(msgspec.json.encode(BUILT_IN)) | {"name": "lindenhof-1"}


def book(data: Any) -> Book:
    return msgspec.convert(data, type=Book)


def with_urgent(**minutes: int) -> Book:
    """The built-in book with another clock for what is urgent."""
    data = as_data()
    data["clocks"]["urgent"] = {**minutes, "source": "agreed by the ward round"}
    return book(data)


def admin(cast: Cast) -> Person:
    """Priya, who is the clinic's admin beside her own role."""
    PractitionerRole.objects.get_or_create(person=cast.priya, organization=cast.clinic, code="organization-admin")
    return cast.priya


def adopted(cast: Cast, rules: Book, *, base: int = 0) -> RuleBook:
    """The clinic lives by this book from now on."""
    return adopt_rules(by=admin(cast), organization_id=cast.clinic.pk, base=base, book=rules, reason="Agreed")
