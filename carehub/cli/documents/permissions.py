from carehub.access.capabilities import AT_ORGANIZATION, Capability
from carehub.access.roles import CARE_MANAGER, CLINICIANS, EVENT_READ, MATRIX, PRESCRIBERS, READERS
from carehub.access.rules import ADDRESSED_ONLY
from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE

from .markdown import page, table

YES = "●"

INTRODUCTION = """# Who may do what

What a person may do on a record follows from the roles in which he has a place on **that record's** team, and from
nothing else: not from an employment, not from a log-in, not from another record. Several places add up. Somebody
without a place finds the record absent: every answer is byte for byte that for a record that does not exist.
Somebody with a place whose role may not do something is told so, and which roles may."""

AT_WORK = """## At an organization

What belongs to a whole organization - its rules, its rotas, its gateways, its figures - follows from working there.
Nobody reads a record by it: that takes a place on the record's team."""

ON_RECORD = [c for c in Capability if c not in AT_ORGANIZATION]
AT_WORK_CAPABILITIES = [c for c in Capability if c in AT_ORGANIZATION]
_NOT_EMPLOYED = (Role.PATIENT, Role.CAREGIVER)

EVENTS = """## Which events each role may read

An event that a role may not read is not sent, replayed, listed or counted for it: its holder is on the event's list
as excluded "by role". Somebody who leaves a team reads nothing of its record any more but the event that told him
so."""


def text() -> str:
    """docs/permissions.md: the matrix, the care manager, and which events each role may read."""
    return page(
        INTRODUCTION,
        table(
            ["role on the record", *(f"`{c.value}`" for c in ON_RECORD)],
            [
                *([_role(role), *_marks(MATRIX[role], ON_RECORD)] for role in Role),
                ["*the care manager, beside the own role*", *_marks(CARE_MANAGER, ON_RECORD)],
            ],
            centred=True,
        ),
        AT_WORK,
        table(
            ["role at the organization", *(f"`{c.value}`" for c in AT_WORK_CAPABILITIES)],
            [[_role(role), *_marks(MATRIX[role], AT_WORK_CAPABILITIES)] for role in Role if role not in _NOT_EMPLOYED],
            centred=True,
        ),
        "## The capabilities in words",
        table(["capability", "whoever has it may"], [[f"`{c.value}`", c.label] for c in Capability]),
        f"**Clinicians**, who can be asked a clinical question: {_names(CLINICIANS)}.",
        f"**Prescribers**, who must know every material change of a plan: {_names(PRESCRIBERS)}.",
        EVENTS,
        table(
            ["role on the record", *(f"`{type}`" for type in CATALOGUE)],
            [[_role(role), *(YES if f"{role.value} {type}" in READERS else "" for type in CATALOGUE)] for role in Role],
            centred=True,
        ),
        "The capability behind each: " + ", ".join(f"`{type}` {EVENT_READ[type].value}" for type in CATALOGUE) + ".",
        f"Only those whom it addresses are sent: {', '.join(f'`{type}`' for type in sorted(ADDRESSED_ONLY))}. "
        "A care manager oversees whatever his role, so every clinician may read it once it is addressed to him.",
    )


def _role(role: Role) -> str:
    return f"{role.label} (`{role.value}`)"


def _marks(may: frozenset[Capability], columns: list[Capability]) -> list[str]:
    return [YES if capability in may else "" for capability in columns]


def _names(roles: frozenset[Role]) -> str:
    return ", ".join(role.label.lower() for role in Role if role in roles)
