"""Who oversees a record, by role or as its care manager, and the hint that what they oversee has moved."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from carehub.access.capabilities import Capability
from carehub.access.roles import roles_with
from carehub.directory.models import CareRecord, Membership, Person
from carehub.events import doorbell

OVERSEER_ROLES = [role.value for role in roles_with(Capability.OBLIGATION_OVERSEE)]

OVERSEES_SQL = """
m.ended_at IS NULL AND (m.role = ANY(%(overseers)s) OR m.person_id =
    (SELECT r.care_manager_id FROM directory_carerecord r WHERE r.id = m.record_id))
"""
"""Whether the holder of membership `m` oversees its record."""


def overseen(by: Person, record: str) -> Q:
    """Rows of records on which he oversees: by role, or as their care manager."""
    as_role = Membership.objects.filter(person=by, ended_at=None, record_id=OuterRef(record), role__in=OVERSEER_ROLES)
    return Q(Exists(as_role)) | Q(Exists(CareRecord.objects.filter(pk=OuterRef(record), care_manager=by)))


def ring_overseers(record_ids: Collection[UUID]) -> None:
    """Tell those who oversee these records, once committed, that an obligation there has moved. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT m.person_id FROM directory_membership m"
            f" WHERE m.record_id = ANY(%(records)s) AND {OVERSEES_SQL}",
            {"records": list(record_ids), "overseers": OVERSEER_ROLES},
        )
        people = [person for (person,) in cursor.fetchall()]
    doorbell.ring_overseers_after_commit(people)
