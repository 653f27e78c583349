from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from carehub.core.fields import Code, Limit, LongText, OptionalText, ShortText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, reads, writes
from carehub.directory.wire import PersonOut, person_out
from carehub.events.catalogue import Coding

from . import actions, queries
from .models import Category, Flag, FlagAnswer, Severity


class CodingIn(Struct):
    """A coded thing: which code system, which code, and the words to show."""

    system: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S+$")]
    code: Code
    display: ShortText


class RaiseFlag(Struct):
    coding: CodingIn
    severity: Severity
    category: Category = "clinical"
    note: OptionalText = ""
    question: OptionalText = ""
    asked_roles: Annotated[list[str], Meta(max_length=13)] = []


class AnswerFlag(Struct):
    changes_plan: bool
    text: LongText


class AnswerOut(Struct):
    id: UUID
    person: PersonOut
    roles: list[str]
    changes_plan: bool
    text: str
    at: datetime
    event_id: UUID


class FlagOut(Struct):
    id: UUID
    status: str
    coding: CodingIn
    severity: str
    category: str
    note: str
    question: str
    asked_roles: list[str]
    unanswered_roles: list[str]
    raised_by: PersonOut
    raised_at: datetime
    event_id: UUID
    answers: list[AnswerOut]


class FlagsQuery(Struct):
    before: UUID | None = None
    limit: Limit = 50


class FlagList(Struct):
    results: list[FlagOut]
    next: UUID | None


class Flags(Endpoint):
    @reads("The record's medical flags, newest first", takes=FlagsQuery, gives=FlagList, capability="flag.read")
    def get(self, request: Call, record_id: UUID, params: FlagsQuery) -> FlagList:
        page = queries.flags(by=request.user, record_id=record_id, before=params.before, limit=params.limit)
        rows = [_flag(flag) for flag in page]
        return FlagList(results=rows, next=rows[-1].id if len(rows) == params.limit else None)

    @writes("Raise a medical flag", takes=RaiseFlag, gives=FlagOut, capability="flag.raise")
    def post(self, request: Call, record_id: UUID, body: RaiseFlag) -> Made:
        flag = actions.raise_flag(
            by=request.user,
            record_id=record_id,
            coding=Coding(system=body.coding.system, code=body.coding.code, display=body.coding.display),
            severity=body.severity,
            category=body.category,
            note=body.note,
            question=body.question,
            asked_roles=body.asked_roles,
        )
        return {"flag": str(flag.pk)}

    def show(self, request: Call, made: Made, record_id: UUID) -> FlagOut:
        return _flag(queries.get_flag(by=request.user, record_id=record_id, flag_id=UUID(str(made["flag"]))))


class OneFlag(Endpoint):
    @reads("One medical flag with its answers", gives=FlagOut, capability="flag.read")
    def get(self, request: Call, record_id: UUID, flag_id: UUID) -> FlagOut:
        return _flag(queries.get_flag(by=request.user, record_id=record_id, flag_id=flag_id))


class Answers(Endpoint):
    @writes("Answer a flag's question", takes=AnswerFlag, gives=FlagOut, capability="flag.answer")
    def post(self, request: Call, record_id: UUID, flag_id: UUID, body: AnswerFlag) -> Made:
        answer = actions.answer_flag(
            by=request.user,
            record_id=record_id,
            flag_id=flag_id,
            changes_plan=body.changes_plan,
            text=body.text,
        )
        return {"answer": str(answer.pk)}

    def show(self, request: Call, made: Made, record_id: UUID, flag_id: UUID) -> FlagOut:
        return _flag(queries.get_flag(by=request.user, record_id=record_id, flag_id=flag_id))


def _flag(flag: Flag) -> FlagOut:
    return FlagOut(
        id=flag.pk,
        status=flag.status,
        coding=CodingIn(system=flag.system, code=flag.code, display=flag.display),
        severity=flag.severity,
        category=flag.category,
        note=flag.note,
        question=flag.question,
        asked_roles=flag.asked_roles,
        unanswered_roles=actions.unanswered_roles(flag),
        raised_by=person_out(flag.raised_by),
        raised_at=flag.raised_at,
        event_id=flag.event_id,
        answers=[_answer(answer) for answer in sorted(flag.answers.all(), key=lambda a: a.at)],
    )


def _answer(answer: FlagAnswer) -> AnswerOut:
    return AnswerOut(
        id=answer.pk,
        person=person_out(answer.person),
        roles=answer.roles,
        changes_plan=answer.changes_plan,
        text=answer.text,
        at=answer.at,
        event_id=answer.event_id,
    )
