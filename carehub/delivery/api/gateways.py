from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from carehub.core.fields import Limit, ShortText
from carehub.core.rest import Call, Endpoint, Struct, posts, reads

from ..actions import gateways as actions
from ..actions import preferences
from ..models import ContactPoint, Gateway

OWN = "own account"
MANAGE = "gateway.manage"
OnTheClock = preferences.OnTheClock


class GatewaysQuery(Struct):
    after: UUID | None = None
    limit: Limit = 50


class OpenGateway(Struct):
    name: ShortText
    url: Annotated[str, Meta(min_length=1, max_length=500)]


class GatewayTestOut(Struct):
    at: datetime
    state: str
    result: str


class GatewayOut(Struct):
    id: UUID
    name: str
    url: str
    opened_at: datetime
    closed_at: datetime | None
    failures: int
    paused_until: datetime | None
    old_secret_until: datetime | None
    last_test: GatewayTestOut | None


class GatewaySecretOut(Struct):
    gateway: GatewayOut
    secret: str


class GatewayList(Struct):
    results: list[GatewayOut]
    next: UUID | None


class GatewayChoice(Struct):
    id: UUID
    name: str
    organization: str


class ContactPointOut(Struct):
    id: UUID
    gateway: GatewayChoice
    value: str
    rank: int


class ContactPointList(Struct):
    results: list[ContactPointOut]
    gateways: list[GatewayChoice]


class AddContactPoint(Struct):
    gateway_id: UUID
    value: actions.Value
    rank: actions.Rank = 1


class PreferencesOut(Struct):
    time_zone: str
    quiet_from: OnTheClock | None
    quiet_until: OnTheClock | None
    digest_at: OnTheClock


class SetPreferences(Struct):
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)]
    quiet_from: OnTheClock | None
    quiet_until: OnTheClock | None
    digest_at: OnTheClock


class Gateways(Endpoint):
    @reads("Open gateways and their state", takes=GatewaysQuery, gives=GatewayList, capability=MANAGE)
    def get(self, request: Call, params: GatewaysQuery, organization_id: UUID) -> GatewayList:
        page = actions.gateways(
            by=request.user, organization_id=organization_id, after=params.after, limit=params.limit
        )
        full = len(page) == params.limit
        return GatewayList(results=[_gateway(row) for row in page], next=page[-1].pk if full else None)

    @posts(
        "Connect a gateway; its secret is shown once",
        takes=OpenGateway,
        gives=GatewaySecretOut,
        capability=MANAGE,
        status=201,
    )
    def post(self, request: Call, body: OpenGateway, organization_id: UUID) -> GatewaySecretOut:
        opened = actions.open_gateway(by=request.user, organization_id=organization_id, name=body.name, url=body.url)
        return GatewaySecretOut(gateway=_gateway(opened.gateway), secret=opened.secret)


class GatewayRotate(Endpoint):
    @posts("A new secret; the old one signs for 24 more hours", gives=GatewaySecretOut, capability=MANAGE)
    def post(self, request: Call, organization_id: UUID, gateway_id: UUID) -> GatewaySecretOut:
        opened = actions.rotate_secret(by=request.user, organization_id=organization_id, gateway_id=gateway_id)
        return GatewaySecretOut(gateway=_gateway(opened.gateway), secret=opened.secret)


class GatewayClose(Endpoint):
    @posts("Close a gateway", gives=GatewayOut, capability=MANAGE)
    def post(self, request: Call, organization_id: UUID, gateway_id: UUID) -> GatewayOut:
        return _gateway(actions.close_gateway(by=request.user, organization_id=organization_id, gateway_id=gateway_id))


class GatewayTest(Endpoint):
    @posts(
        "Send a test notice to my own contact point; its result stands in the list of gateways",
        gives=GatewayOut,
        capability=MANAGE,
        status=202,
    )
    def post(self, request: Call, organization_id: UUID, gateway_id: UUID) -> GatewayOut:
        return _gateway(actions.try_gateway(by=request.user, organization_id=organization_id, gateway_id=gateway_id))


class ContactPoints(Endpoint):
    @reads("My contact points, and the gateways where I may add one", gives=ContactPointList, capability=OWN)
    def get(self, request: Call) -> ContactPointList:
        return ContactPointList(
            results=[_point(row) for row in actions.contact_points(by=request.user)],
            gateways=[_choice(row) for row in actions.gateways_for(by=request.user)],
        )

    @posts("Be reached through a gateway", takes=AddContactPoint, gives=ContactPointOut, capability=OWN, status=201)
    def post(self, request: Call, body: AddContactPoint) -> ContactPointOut:
        return _point(
            actions.add_contact_point(by=request.user, gateway_id=body.gateway_id, value=body.value, rank=body.rank)
        )


class ContactPointRemove(Endpoint):
    @posts("Be reached there no more", gives=ContactPointOut, capability=OWN)
    def post(self, request: Call, contact_point_id: UUID) -> ContactPointOut:
        return _point(actions.remove_contact_point(by=request.user, contact_point_id=contact_point_id))


class MyPreferences(Endpoint):
    @reads("My quiet hours, digest and time zone", gives=PreferencesOut, capability=OWN)
    def get(self, request: Call) -> PreferencesOut:
        return _preferences(preferences.preferences(by=request.user))

    @posts("Choose them anew", takes=SetPreferences, gives=PreferencesOut, capability=OWN)
    def post(self, request: Call, body: SetPreferences) -> PreferencesOut:
        chosen = preferences.set_preferences(
            by=request.user,
            time_zone=body.time_zone,
            quiet_from=_moment(body.quiet_from),
            quiet_until=_moment(body.quiet_until),
            digest_at=time.fromisoformat(body.digest_at),
        )
        return _preferences(chosen)


def _gateway(row: Gateway) -> GatewayOut:
    tested_at = getattr(row, "test_at", None)
    return GatewayOut(
        id=row.pk,
        name=row.name,
        url=row.url,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        failures=row.channel.failures,
        paused_until=row.channel.paused_until,
        old_secret_until=row.previous_until,
        last_test=GatewayTestOut(at=tested_at, state=row.test_state, result=row.test_result) if tested_at else None,  # type: ignore[attr-defined]
    )


def _choice(row: Gateway) -> GatewayChoice:
    return GatewayChoice(id=row.pk, name=row.name, organization=row.organization.name)


def _point(row: ContactPoint) -> ContactPointOut:
    return ContactPointOut(id=row.pk, gateway=_choice(row.gateway), value=row.value, rank=row.rank)


def _preferences(row: preferences.Preferences) -> PreferencesOut:
    return PreferencesOut(
        time_zone=row.time_zone,
        quiet_from=_on_the_clock(row.quiet_from),
        quiet_until=_on_the_clock(row.quiet_until),
        digest_at=f"{row.digest_at:%H:%M}",
    )


def _on_the_clock(moment: time | None) -> str | None:
    return None if moment is None else f"{moment:%H:%M}"


def _moment(typed: str | None) -> time | None:
    return None if typed is None else time.fromisoformat(typed)
