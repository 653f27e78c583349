"""Who must know an event: the rule of its type over the record's active team, each with the ground or the reason."""

from collections import defaultdict
from dataclasses import replace
from uuid import UUID

import msgspec

from carehub.directory.models import CareRecord, Membership, Role
from carehub.events.audience import Addressee, Audience
from carehub.events.catalogue import Fact, FlagRaised, PlanRevised, Priority
from carehub.events.models import Obligation

from .books import rules_in_force, rules_of
from .policy import capabilities_of
from .roles import EVENT_READ
from .rules import ADDRESSED_ONLY, NEVER_ESCALATES, Rules
from .selectors import Member

_JOINING_AT_MOST: dict[Priority, Priority] = {
    "routine": "routine",
    "urgent": "urgent",
    "asap": "urgent",
    "stat": "urgent",
}


def audience(
    record: CareRecord,
    fact: Fact,
    *,
    by: UUID | None,
    addressed: UUID | None = None,
    leaver: Membership | None = None,
) -> Audience:
    """The audience of one event on a record whose row the caller has locked, by the rules in force at its organization.

    Two queries, whatever the team's size.
    `addressed` names the one person whom an event of an `ADDRESSED_ONLY` type reaches. `leaver` is the
    ended membership of somebody who is no member any more and is told so. When the rule finds nobody, the care
    manager is told.
    """
    rules = rules_in_force(record.managing_organization_id)
    priority = rules.priority_of(fact)
    members = team(record)
    addressees = [_addressee(member, fact, rules, priority, by=by, addressed=addressed) for member in members]
    if isinstance(fact, FlagRaised):
        addressees = _ask_for_missing_roles(addressees, members, fact, rules, record.care_manager_id)
    if leaver is not None:
        addressees.append(Addressee(leaver.person_id, (leaver.role,), Obligation.INFORM, "leaver"))
    if all(a.exclusion for a in addressees):
        addressees = [a for a in addressees if a.person_id != record.care_manager_id]
        addressees.append(Addressee(record.care_manager_id, (), Obligation.INFORM, "care_manager"))
    return Audience(record_id=record.pk, author_id=by, priority=priority, addressees=addressees, rulebook_id=rules.id)


def team(record: CareRecord) -> list[Member]:
    """The active members of a record, each person once with every role that he holds on it."""
    roles: dict[UUID, list[Role]] = defaultdict(list)
    rows = Membership.objects.filter(record=record, ended_at=None).order_by("person_id", "role")
    for person_id, role in rows.values_list("person_id", "role"):
        roles[person_id].append(Role(role))
    return [Member(p, tuple(held), p == record.care_manager_id) for p, held in roles.items()]


def joining(
    record: CareRecord,
    person_id: UUID,
    fact: Fact,
    *,
    author_id: UUID | None,
    rulebook_id: UUID | None,
    still_asked: list[str],
) -> Addressee:
    """What a standing event asks of somebody who joins now: the same rule, never more pressing than urgent.

    `rulebook_id` is the event's: a joiner's clock is that of the others who must know it.
    `still_asked` are the roles from which an answer is outstanding; a role that has answered is not asked again.
    """
    member = next(m for m in team(record) if m.person_id == person_id)
    if isinstance(fact, PlanRevised):
        # Who joins after a change of words has still never seen the plan itself.
        fact = msgspec.structs.replace(fact, is_material=True)
    rules = rules_of(rulebook_id)
    priority = _JOINING_AT_MOST[rules.priority_of(fact)]
    found = _addressee(member, fact, rules, priority, by=author_id, addressed=None)
    asked = tuple(role for role in found.asked_roles if role in still_asked)
    if found.obligation == Obligation.ANSWER and not asked:
        found = replace(found, obligation=Obligation.ACKNOWLEDGE)
    return found if found.exclusion else replace(found, ground="joining", asked_roles=asked)


def joining_unshown(record: CareRecord, person_id: UUID, event_type: str) -> Addressee:
    """What a standing event that this code cannot show is to somebody who joins: something to be read, once it can be.

    What it would ask is unknown here. He is excluded where his roles are known not to read events of this type.
    """
    member = next(m for m in team(record) if m.person_id == person_id)
    roles = tuple(role.value for role in member.roles)
    reads = EVENT_READ.get(event_type)
    if reads and reads not in capabilities_of(member.roles, is_care_manager=member.is_care_manager):
        return Addressee(person_id, roles, exclusion="by role")
    return Addressee(person_id, roles, Obligation.INFORM, "joining")


def covering(joins: Addressee) -> Addressee:
    """What a standing event says to somebody who joins only as cover: he is informed, and no clock of his runs."""
    if joins.exclusion:
        return joins
    return replace(
        joins, obligation=Obligation.INFORM, ground="covering", asked_roles=(), due_in=None, first_rung_in=None
    )


def _addressee(
    member: Member, fact: Fact, rules: Rules, priority: Priority, *, by: UUID | None, addressed: UUID | None
) -> Addressee:
    roles = tuple(role.value for role in member.roles)
    reads = EVENT_READ[fact.type]
    if fact.type in ADDRESSED_ONLY:
        is_reader = member.person_id == addressed
    else:
        is_reader = reads in capabilities_of(member.roles, is_care_manager=member.is_care_manager)
    if not is_reader:
        return Addressee(member.person_id, roles, exclusion="by role")
    if member.person_id == by and fact.type not in ADDRESSED_ONLY:
        return Addressee(member.person_id, roles, Obligation.NONE, "author")
    obligation, ground = rules.asked_of(fact, member)
    asked = tuple(fact.asked_roles) if isinstance(fact, FlagRaised) else ()
    clock = rules.clocks[priority]
    is_owed = obligation in (Obligation.ACKNOWLEDGE, Obligation.ANSWER)
    return Addressee(
        member.person_id,
        roles,
        obligation,
        ground,
        asked_roles=tuple(r for r in asked if r in roles) if obligation == Obligation.ANSWER else (),
        due_in=clock.acknowledged if is_owed else None,
        first_rung_in=clock.delivered if is_owed and fact.type not in NEVER_ESCALATES else None,
        priority=priority,
    )


def _ask_for_missing_roles(
    addressees: list[Addressee],
    members: list[Member],
    fact: FlagRaised,
    rules: Rules,
    care_manager: UUID,
) -> list[Addressee]:
    """A question to a role that nobody holds here goes to the care manager: nobody in this role."""
    held = {role.value for member in members if member.person_id != fact_author(addressees) for role in member.roles}
    missing = tuple(role for role in fact.asked_roles if role not in held)
    if not missing:
        return addressees
    clock = rules.clocks[rules.priority_of(fact)]
    return [
        replace(
            a,
            obligation=Obligation.ANSWER,
            ground=a.ground if a.asked_roles else "nobody_in_role",
            asked_roles=tuple(sorted({*a.asked_roles, *missing})),
            due_in=clock.acknowledged,
            first_rung_in=clock.delivered,
        )
        if a.person_id == care_manager
        else a
        for a in addressees
    ]


def fact_author(addressees: list[Addressee]) -> UUID | None:
    return next((a.person_id for a in addressees if a.ground == "author"), None)
