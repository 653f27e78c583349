"""Raise a medical flag; answer it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from carehub.access.audience import audience
from carehub.access.capabilities import Capability
from carehub.access.policy import lock_to_change
from carehub.access.roles import CLINICIANS
from carehub.audit import trail
from carehub.core.errors import Conflict, InvalidInput, NotVisible
from carehub.core.ids import new_id
from carehub.directory.models import Person
from carehub.events.catalogue import Coding, FlagAnswered, FlagRaised
from carehub.events.obligations import asked_of, settle_answer
from carehub.events.publish import publish

from .models import Category, Flag, FlagAnswer, Severity


class NotAsked(Conflict):
    code, title = "not-asked", "No answer is owed"


@transaction.atomic
def raise_flag(
    *,
    by: Person,
    record_id: UUID,
    coding: Coding,
    severity: Severity,
    category: Category = "clinical",
    note: str = "",
    question: str = "",
    asked_roles: Sequence[str] = (),
) -> Flag:
    """Put a medical flag on the record and ask the named roles.

    Low is routine, moderate urgent, high asap, critical stat. The holders of an asked role must answer; a role that
    nobody holds is asked of the care manager. Raises NotVisible, NotAllowed, and InvalidInput for a question
    without roles, roles without a question, or a role that cannot be asked.
    """
    record = lock_to_change(by, Capability.FLAG_RAISE, record_id)
    roles = _askable(question, asked_roles)
    event_id = new_id()
    flag = Flag.objects.create(
        record=record,
        event_id=event_id,
        system=coding.system,
        code=coding.code,
        display=coding.display,
        severity=severity,
        category=category,
        note=note,
        question=question,
        asked_roles=roles,
        raised_by=by,
    )
    trail.wrote("flag.raise", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=flag.pk)
    fact = FlagRaised(
        flag_id=flag.pk,
        coding=coding,
        severity=severity,
        category=category,
        note=note,
        question=question,
        asked_roles=roles,
    )
    publish(fact, id=event_id, to=audience(record, fact, by=by.pk))
    return flag


@transaction.atomic
def answer_flag(*, by: Person, record_id: UUID, flag_id: UUID, changes_plan: bool, text: str) -> FlagAnswer:
    """Answer a flag's question in every role as which one was asked; the first holder's answer satisfies a role.

    Raises NotVisible (also for a flag of another record), NotAllowed, and NotAsked for somebody who owes no answer.
    """
    record = lock_to_change(by, Capability.FLAG_ANSWER, record_id)
    flag = Flag.objects.filter(pk=flag_id, record=record).first()
    if flag is None:
        raise NotVisible()
    roles = asked_of(event_id=flag.event_id, person_id=by.pk)
    if roles is None:
        raise NotAsked("You owe no answer to this flag: you were not asked, or it is answered already.")
    event_id = new_id()
    answer = FlagAnswer.objects.create(
        flag=flag, event_id=event_id, person=by, roles=roles, changes_plan=changes_plan, text=text
    )
    trail.wrote("flag.answer", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=answer.pk)
    settle_answer(event_id=flag.event_id, by_id=by.pk, still_asked=unanswered_roles(flag))
    fact = FlagAnswered(
        flag_id=flag.pk,
        raised_by_id=flag.raised_by_id,
        display=flag.display,
        roles=roles,
        changes_plan=changes_plan,
        text=text,
    )
    publish(fact, id=event_id, to=audience(record, fact, by=by.pk))
    return answer


def unanswered_roles(flag: Flag) -> list[str]:
    """The asked roles from which no answer has come yet."""
    answered = {role for answer in flag.answers.all() for role in answer.roles}
    return [role for role in flag.asked_roles if role not in answered]


def _askable(question: str, asked_roles: Sequence[str]) -> list[str]:
    roles = list(dict.fromkeys(asked_roles))
    if bool(question.strip()) != bool(roles):
        raise InvalidInput(
            "A question needs the roles that it asks, and asked roles need a question.",
            pointer="/asked_roles" if question.strip() else "/question",
        )
    allowed = sorted(role.value for role in CLINICIANS)
    for index, role in enumerate(roles):
        if role not in allowed:
            raise InvalidInput(
                f"This role cannot be asked. Roles that can: {', '.join(allowed)}.",
                pointer=f"/asked_roles/{index}",
            )
    return roles
