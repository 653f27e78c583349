"""Adopt rules for an organization. That is no change of one record, so there is no event; the trail has its line."""

from uuid import UUID

import msgspec
from django.db import transaction

from carehub.audit import trail
from carehub.core.errors import InvalidInput, Stale
from carehub.directory.models import Organization, Person

from . import floors
from .books import current, stored
from .capabilities import Capability
from .models import RuleBook
from .policy import find_organization, require
from .rulebook import BUILT_IN, Book


class RulesWereAdopted(Stale):
    """Somebody adopted rules after these were read; carries the current version and its ETag."""

    code = "rules-were-adopted"

    def __init__(self, version: int) -> None:
        super().__init__(
            f"Other rules were adopted since you read them; they are now at version {version}. Read them and try "
            "again.",
            current_version=version,
            current_etag=f'"{version}"',
        )
        self.headers["ETag"] = f'"{version}"'


@transaction.atomic
def adopt_rules(*, by: Person, organization_id: UUID, base: int, book: Book, reason: str) -> RuleBook:
    """Put a book in force on top of version `base` (0: the built-in book). What is open stays under its own version.

    Raises NotVisible, NotAllowed, RulesWereAdopted when `base` is not current, InvalidInput with a pointer for what no
    book may say or leave out, and for a book equal to the current one.
    """
    find_organization(by, Capability.RULES_MANAGE, organization_id)
    # Two adoptions wait for each other here; whatever only refers to the organization goes on.
    organization = Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    require(by, Capability.RULES_MANAGE, organization)
    newest = current(organization_id)
    version = newest.version if newest else 0
    if base != version:
        raise RulesWereAdopted(version)
    floors.check(book, "/rules")
    if book == (stored(newest.body) if newest else BUILT_IN):
        raise InvalidInput("Nothing differs from the current rules.", pointer="/rules")
    adopted = RuleBook.objects.create(
        organization=organization,
        version=version + 1,
        body=msgspec.to_builtins(book),
        reason=reason,
        adopted_by=by,
    )
    trail.wrote("rules.adopt", by=by.pk, on=adopted.pk)
    return adopted
