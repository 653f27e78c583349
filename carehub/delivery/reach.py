"""Whom a rung reaches for, chosen when it falls due, among the team as it is then."""

from uuid import UUID

from carehub.access.audience import team
from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of
from carehub.directory.models import CareRecord

from .ladder import Rung


def reach(rung: Rung, record: CareRecord, silent: UUID) -> UUID:
    """Whom this rung reaches, among the team as it is now."""
    if rung.reaches == "person":
        return silent
    if rung.reaches == "colleague":
        members = team(record)
        own = next((member.roles for member in members if member.person_id == silent), ())
        for member in members:
            if member.person_id != silent and member.has(*own):
                return member.person_id
    return overseer(record, silent)


def overseer(record: CareRecord, silent: UUID) -> UUID:
    """The care manager; when it is he who is silent, another overseer of the team, else himself."""
    if record.care_manager_id != silent:
        return record.care_manager_id
    for member in team(record):
        may = capabilities_of(member.roles, is_care_manager=False)
        if member.person_id != silent and Capability.OBLIGATION_OVERSEE in may:
            return member.person_id
    return silent
