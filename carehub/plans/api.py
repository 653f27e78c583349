from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta
from rest_framework.response import Response

from carehub.core.fields import Limit, LongText, OptionalText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, if_match, reads, writes
from carehub.directory.wire import PersonOut, person_out

from . import actions, queries
from .definition import PlanDefinition
from .models import PlanRevision


class PlanOut(Struct):
    revision: int
    status: str
    definition: PlanDefinition
    achievement: dict[str, str]
    author: PersonOut | None
    at: datetime | None
    rationale: str
    changes: list[str]
    event_id: UUID | None


class RevisePlan(Struct):
    definition: PlanDefinition
    rationale: LongText


class RevisionRow(Struct):
    number: int
    at: datetime
    author: PersonOut
    rationale: str
    changes: list[str]
    is_material: bool
    event_id: UUID


class RevisionsQuery(Struct):
    before: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    limit: Limit = 50


class RevisionList(Struct):
    results: list[RevisionRow]
    next: int | None


class ProgressGoal(Struct):
    achievement_status: str
    note: OptionalText = ""


class CurrentPlan(Endpoint):
    @reads("The current treatment plan, with its ETag", gives=PlanOut, capability="plan.read")
    def get(self, request: Call, record_id: UUID) -> Response:
        return _answer(queries.read_plan(by=request.user, record_id=record_id))


class Revisions(Endpoint):
    @reads("The plan's revisions, newest first", takes=RevisionsQuery, gives=RevisionList, capability="plan.read")
    def get(self, request: Call, record_id: UUID, params: RevisionsQuery) -> RevisionList:
        page = queries.revisions(by=request.user, record_id=record_id, before=params.before, limit=params.limit)
        rows = [_row(revision) for revision in page]
        return RevisionList(results=rows, next=rows[-1].number if len(rows) == params.limit else None)

    @writes(
        "Revise the plan (If-Match: the ETag of the revision that you read)",
        takes=RevisePlan,
        gives=PlanOut,
        capability="plan.revise",
        conditional=True,
    )
    def post(self, request: Call, record_id: UUID, body: RevisePlan) -> Made:
        revision = actions.revise_plan(
            by=request.user,
            record_id=record_id,
            base=if_match(request),
            definition=body.definition,
            rationale=body.rationale,
        )
        return {"revision": revision.number}

    def show(self, request: Call, made: Made, record_id: UUID) -> Response:
        found = queries.read_plan(by=request.user, record_id=record_id, number=int(made["revision"]))
        return _answer(found, status=201)


class Revision(Endpoint):
    @reads("One revision of the plan", gives=PlanOut, capability="plan.read")
    def get(self, request: Call, record_id: UUID, number: int) -> Response:
        return _answer(queries.read_plan(by=request.user, record_id=record_id, number=number))


class GoalProgress(Endpoint):
    @writes(
        "Record where a goal stands",
        takes=ProgressGoal,
        gives=PlanOut,
        capability="goal.progress",
        status=200,
    )
    def patch(self, request: Call, record_id: UUID, goal_id: UUID, body: ProgressGoal) -> Made:
        goal = actions.progress_goal(
            by=request.user,
            record_id=record_id,
            goal_id=goal_id,
            achievement_status=body.achievement_status,
            note=body.note,
        )
        return {"goal": str(goal.pk)}

    def show(self, request: Call, made: Made, record_id: UUID, goal_id: UUID) -> Response:
        return _answer(queries.read_plan(by=request.user, record_id=record_id))


def _answer(found: queries.ReadPlan, status: int = 200) -> Response:
    revision = found.revision
    body = PlanOut(
        revision=revision.number if revision else 0,
        status=found.plan.status if found.plan else "none",
        definition=found.definition,
        achievement={str(goal): status for goal, status in found.achievement.items()},
        author=person_out(revision.author) if revision else None,
        at=revision.at if revision else None,
        rationale=revision.rationale if revision else "",
        changes=revision.changes if revision else [],
        event_id=revision.event_id if revision else None,
    )
    return Response(body, status=status, headers={"ETag": found.etag})


def _row(revision: PlanRevision) -> RevisionRow:
    return RevisionRow(
        number=revision.number,
        at=revision.at,
        author=person_out(revision.author),
        rationale=revision.rationale,
        changes=revision.changes,
        is_material=revision.is_material,
        event_id=revision.event_id,
    )
