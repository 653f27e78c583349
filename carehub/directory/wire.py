"""A person as every interface shows one: who it is, and no more."""

from uuid import UUID

import msgspec

from .models import Person


class PersonOut(msgspec.Struct, kw_only=True):
    """Somebody's id and name."""

    id: UUID
    name: str


def person_out(person: Person) -> PersonOut:
    """The wire form of a loaded person."""
    return PersonOut(id=person.pk, name=person.name)
