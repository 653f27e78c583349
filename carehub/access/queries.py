"""Read an organization's rules. They hold nothing of any patient, so that reading them leaves no line of the trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from carehub.directory.models import Organization, Person

from .books import current, stored
from .capabilities import Capability
from .models import RuleBook
from .policy import can, find_organization
from .rulebook import BUILT_IN, Book


@dataclass(frozen=True, slots=True)
class ReadRules:
    """The rules of an organization as they are read; `version` is None for the built-in book."""

    organization: Organization
    version: RuleBook | None
    book: Book
    may_manage: bool

    @property
    def number(self) -> int:
        """0 for the built-in book."""
        return self.version.version if self.version else 0

    @property
    def etag(self) -> str:
        """`"<version>"`."""
        return f'"{self.number}"'


def read_rules(*, by: Person, organization_id: UUID, number: int | None = None) -> ReadRules:
    """The rules in force, or version `number`. Raises NotVisible for somebody who does not work there, NotAllowed."""
    organization = find_organization(by, Capability.RULES_READ, organization_id)
    version = current(organization_id)
    if number is not None and version is not None and number != version.version:
        version = RuleBook.objects.select_related("adopted_by").get(organization=organization, version=number)
    book = stored(version.body) if version else BUILT_IN
    return ReadRules(organization, version, book, can(by, Capability.RULES_MANAGE, organization))


def versions(*, by: Person, organization_id: UUID, before: int | None = None, limit: int = 50) -> Sequence[RuleBook]:
    """The adopted versions, newest first; keyset: numbers below `before`. Raises NotVisible, NotAllowed."""
    organization = find_organization(by, Capability.RULES_READ, organization_id)
    rows = RuleBook.objects.filter(organization=organization).select_related("adopted_by").order_by("-version")
    if before is not None:
        rows = rows.filter(version__lt=before)
    return list(rows[:limit])
