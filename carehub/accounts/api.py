from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from carehub.core.errors import BadRequest
from carehub.core.rest import Call, Endpoint, Struct, posts, reads
from carehub.directory.models import PractitionerRole
from carehub.directory.wire import PersonOut, person_out

from . import actions

OWN = "own account"


class LogIn(Struct):
    email: Annotated[str, Meta(min_length=3, max_length=254)]
    password: Annotated[str, Meta(min_length=1, max_length=1_000)]


class TokenOut(Struct):
    token: str
    expires_at: datetime
    person: PersonOut


class TicketOut(Struct):
    ticket: str
    expires_at: datetime


class EmploymentOut(Struct):
    code: str
    organization: str
    organization_id: UUID
    specialty: str


class MeOut(Struct):
    id: UUID
    name: str
    email: str
    roles: list[EmploymentOut]


class Tokens(Endpoint):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @posts(
        "Exchange e-mail address and password for a bearer token",
        takes=LogIn,
        gives=TokenOut,
        status=201,
        capability="anybody",
    )
    def post(self, request: Call, body: LogIn) -> TokenOut:
        person = actions.check_credentials(request=request._request, email=body.email, password=body.password)
        issued = actions.issue_token(person=person)
        return TokenOut(
            token=issued.token,
            expires_at=issued.expires_at,
            person=person_out(person),
        )


class CurrentToken(Endpoint):
    @posts("Revoke the bearer token of this request", gives=None, status=204, capability=OWN)
    def delete(self, request: Call) -> Response:
        if request.auth is None:
            raise BadRequest("This request carries no bearer token; a browser logs out at /log-out.")
        actions.revoke_token(token=request.auth)
        return Response(status=204)


class Tickets(Endpoint):
    @posts("A single-use ticket that lets one socket in", gives=TicketOut, status=201, capability=OWN)
    def post(self, request: Call) -> TicketOut:
        if request.auth is None:
            raise BadRequest("Tickets are for bearer tokens; a browser's socket comes with its cookie.")
        issued = actions.issue_ticket(token=request.auth)
        return TicketOut(ticket=issued.ticket, expires_at=issued.expires_at)


class Me(Endpoint):
    @reads("Who I am", gives=MeOut, capability=OWN)
    def get(self, request: Call) -> MeOut:
        person = request.user
        employments = PractitionerRole.objects.filter(person=person, ended_at=None).select_related("organization")
        return MeOut(
            id=person.pk,
            name=person.name,
            email=person.email,
            roles=[
                EmploymentOut(
                    code=e.code,
                    organization=e.organization.name,
                    organization_id=e.organization_id,
                    specialty=e.specialty,
                )
                for e in employments.order_by("code")
            ],
        )
