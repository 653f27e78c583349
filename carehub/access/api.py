from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta
from rest_framework.response import Response

from carehub.core.fields import Limit, LongText
from carehub.core.idempotency import Made
from carehub.core.rest import Call, Endpoint, Struct, if_match, reads, writes
from carehub.directory.wire import PersonOut, person_out
from carehub.events.catalogue import PRIORITIES

from . import actions, queries
from .models import RuleBook
from .rulebook import Book
from .words import OWNER_NEEDED, ask_sentence, clock_sentence, priority_sentence


class RuleInWords(Struct):
    """`about` is a priority, or the type of an event."""

    about: str
    sentence: str
    source: str


class RulesOut(Struct):
    """`version` is 0, and nobody adopted it, for the built-in book."""

    organization_id: UUID
    organization: str
    version: int
    id: UUID | None
    adopted_at: datetime | None
    adopted_by: PersonOut | None
    reason: str
    notice: str
    rules: Book
    in_words: list[RuleInWords]


class AdoptRules(Struct):
    rules: Book
    reason: LongText


class RulesVersionRow(Struct):
    version: int
    id: UUID
    name: str
    adopted_at: datetime
    adopted_by: PersonOut
    reason: str


class RulesVersionsQuery(Struct):
    before: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    limit: Limit = 50


class RulesVersionList(Struct):
    results: list[RulesVersionRow]
    next: int | None


class OrganizationRules(Endpoint):
    @reads(
        "Who must know what, and by when: the rules in force, with their ETag", gives=RulesOut, capability="rules.read"
    )
    def get(self, request: Call, organization_id: UUID) -> Response:
        return _answer(queries.read_rules(by=request.user, organization_id=organization_id))

    @writes(
        "Adopt rules (If-Match: the ETag of the version that you read)",
        takes=AdoptRules,
        gives=RulesOut,
        capability="rules.manage",
        conditional=True,
    )
    def post(self, request: Call, organization_id: UUID, body: AdoptRules) -> Made:
        adopted = actions.adopt_rules(
            by=request.user,
            organization_id=organization_id,
            base=if_match(request),
            book=body.rules,
            reason=body.reason,
        )
        return {"version": adopted.version}

    def show(self, request: Call, made: Made, organization_id: UUID) -> Response:
        number = int(made["version"])
        return _answer(queries.read_rules(by=request.user, organization_id=organization_id, number=number), status=201)


class RulesVersions(Endpoint):
    @reads(
        "The versions that were adopted, newest first",
        takes=RulesVersionsQuery,
        gives=RulesVersionList,
        capability="rules.read",
    )
    def get(self, request: Call, organization_id: UUID, params: RulesVersionsQuery) -> RulesVersionList:
        page = queries.versions(
            by=request.user, organization_id=organization_id, before=params.before, limit=params.limit
        )
        last = page[-1].version if len(page) == params.limit else None
        return RulesVersionList(results=[_row(version) for version in page], next=last)


def _answer(found: queries.ReadRules, status: int = 200) -> Response:
    version = found.version
    body = RulesOut(
        organization_id=found.organization.pk,
        organization=found.organization.name,
        version=found.number,
        id=version.pk if version else None,
        adopted_at=version.adopted_at if version else None,
        adopted_by=person_out(version.adopted_by) if version else None,
        reason=version.reason if version else "",
        notice=OWNER_NEEDED,
        rules=found.book,
        in_words=_in_words(found.book),
    )
    return Response(body, status=status, headers={"ETag": found.etag})


def _in_words(book: Book) -> list[RuleInWords]:
    return [
        *(RuleInWords(about=p, sentence=clock_sentence(book, p), source=book.clocks.of(p).source) for p in PRIORITIES),
        *(RuleInWords(about=r.event, sentence=priority_sentence(r), source=r.source) for r in book.priorities),
        *(RuleInWords(about=r.event, sentence=ask_sentence(book, r), source=r.source) for r in book.asks),
    ]


def _row(version: RuleBook) -> RulesVersionRow:
    return RulesVersionRow(
        version=version.version,
        id=version.pk,
        name=str(version.body["name"]),
        adopted_at=version.adopted_at,
        adopted_by=person_out(version.adopted_by),
        reason=version.reason,
    )
