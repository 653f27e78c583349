"""Read an organization's rules. They hold nothing of any patient, so that reading them leaves no line of the trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from carehub.core.errors import NotVisible
from carehub.directory.models import Organization, Person, PractitionerRole

from .books import current, stored
from .capabilities import Capability
from .models import RuleBook
from .policy import require
from .roles import MATRIX
from .rulebook import BUILT_IN, Book

_READERS = [role.value for role, may in MATRIX.items() if Capability.RULES_READ in may]


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
    organization, may_manage = _readable(by, organization_id)
    version = current(organization_id)
    if number is not None and version is not None and number != version.version:
        version = RuleBook.objects.select_related("adopted_by").get(organization=organization, version=number)
    return ReadRules(organization, version, stored(version.body) if version else BUILT_IN, may_manage)


def versions(*, by: Person, organization_id: UUID, before: int | None = None, limit: int = 50) -> Sequence[RuleBook]:
    """The adopted versions, newest first; keyset: numbers below `before`. Raises NotVisible, NotAllowed."""
    organization, _ = _readable(by, organization_id)
    rows = RuleBook.objects.filter(organization=organization).select_related("adopted_by").order_by("-version")
    if before is not None:
        rows = rows.filter(version__lt=before)
    return list(rows[:limit])


def organizations_with_rules(*, by: Person) -> Sequence[Organization]:
    """Where this person works in a role that may read the rules, by name."""
    places = PractitionerRole.objects.filter(person=by, ended_at=None, code__in=_READERS)
    return list(Organization.objects.filter(pk__in=places.values("organization_id")).order_by("name", "id"))


def _readable(by: Person, organization_id: UUID) -> tuple[Organization, bool]:
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        raise NotVisible()
    roles = require(by, Capability.RULES_READ, organization)
    return organization, any(Capability.RULES_MANAGE in MATRIX[role] for role in roles)
