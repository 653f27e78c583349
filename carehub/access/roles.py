"""The one matrix: role x capability. docs/permissions.md is generated from it.

`CARE_MANAGER` is not a role but what the record's care manager may do beside the own role.
"""

from carehub.directory.models import Role

from .capabilities import Capability as C

_EVERYONE = {C.RECORD_READ}
_STAFF = _EVERYONE | {C.RULES_READ, C.COVER_READ}
_READS = _STAFF | {C.PLAN_READ, C.FLAG_READ, C.MESSAGE_READ, C.MESSAGE_POST}
_CLINICIAN = _READS | {C.FLAG_RAISE, C.FLAG_ANSWER, C.GOAL_PROGRESS}

MATRIX: dict[Role, frozenset[C]] = {
    role: frozenset(capabilities)
    for role, capabilities in {
        Role.PATIENT: _EVERYONE | {C.PLAN_READ},
        Role.CAREGIVER: _EVERYONE,
        Role.THERAPIST: _CLINICIAN | {C.PLAN_REVISE},
        Role.PSYCHIATRIST: _CLINICIAN | {C.PLAN_REVISE},
        Role.PRIMARY_CARE_PHYSICIAN: _CLINICIAN,
        Role.SPECIALIST_PHYSICIAN: _CLINICIAN,
        Role.NURSE: _CLINICIAN,
        Role.PHARMACIST: _CLINICIAN,
        Role.ALLIED_HEALTH: _CLINICIAN,
        Role.SOCIAL_WORKER: _CLINICIAN,
        Role.COORDINATOR: _READS | {C.FLAG_ANSWER, C.TEAM_MANAGE, C.OBLIGATION_OVERSEE, C.COVER_MANAGE, C.REPORT_READ},
        Role.PRIVACY_OFFICER: _STAFF,
        Role.ORGANIZATION_ADMIN: _STAFF
        | {C.RULES_MANAGE, C.COVER_MANAGE, C.GATEWAY_MANAGE, C.REPORT_READ, C.PERSON_DEACTIVATE},
    }.items()
}


def roles_with(capability: C) -> list[Role]:
    """The roles that may do this, in the matrix's order."""
    return [role for role, may in MATRIX.items() if capability in may]


CARE_MANAGER: frozenset[C] = frozenset({C.FLAG_ANSWER, C.TEAM_MANAGE, C.OBLIGATION_OVERSEE})

CLINICIANS: frozenset[Role] = frozenset(roles_with(C.FLAG_RAISE))
"""Roles that treat: whoever can be asked a clinical question. A coordinator answers only what nobody else can."""

PRESCRIBERS: frozenset[Role] = frozenset({Role.PSYCHIATRIST, Role.PRIMARY_CARE_PHYSICIAN, Role.SPECIALIST_PHYSICIAN})

EVENT_READ: dict[str, C] = {
    "record.opened": C.RECORD_READ,
    "membership.started": C.RECORD_READ,
    "membership.ended": C.RECORD_READ,
    "plan.revised": C.PLAN_READ,
    "goal.progressed": C.PLAN_READ,
    "flag.raised": C.FLAG_READ,
    "flag.answered": C.FLAG_READ,
    "message.posted": C.MESSAGE_READ,
    "obligation.escalated": C.OBLIGATION_OVERSEE,
    "incident.opened": C.OBLIGATION_OVERSEE,
    "incident.closed": C.OBLIGATION_OVERSEE,
    "cover.missing": C.OBLIGATION_OVERSEE,
}
"""The capability without which an event of this type is not sent, replayed, listed or counted."""

READERS: tuple[str, ...] = tuple(
    f"{role.value} {event_type}"
    for event_type, capability in sorted(EVENT_READ.items())
    for role, may in MATRIX.items()
    if capability in may or (capability == C.OBLIGATION_OVERSEE and role in CLINICIANS)
)
"""`role type` for each pair that may be read: the matrix as the ledger's queries take it.

A care manager oversees whatever his role, so the events that overseers receive are readable to every clinical
role; they are still sent to those alone whom the audience names.
"""
