"""Connect and close gateways, and one's own contact points at them. Addresses are checked here and at each send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from msgspec import Meta

from carehub.access.capabilities import Capability
from carehub.access.policy import find_organization, workplaces
from carehub.audit import trail
from carehub.core.clock import now
from carehub.core.errors import Conflict, InvalidInput, NotVisible
from carehub.directory.models import Person

from .. import notices
from ..models import Channel, ContactPoint, Dispatch, Gateway
from ..transports.targets import Unresolved, check_target
from ..transports.webhook import new_secret

BOTH_SECRETS_FOR = timedelta(hours=24)
GATEWAYS_AT_MOST = 20
CONTACT_POINTS_AT_MOST = 10

Value = Annotated[str, Meta(min_length=1, max_length=100)]
Rank = Annotated[int, Meta(ge=1, le=9)]


class GatewayNameTaken(Conflict):
    code, title = "gateway-name-taken", "Name taken"


class NoContactPoint(Conflict):
    code, title = "no-contact-point", "No contact point"


@dataclass(frozen=True, slots=True)
class OpenedGateway:
    """A gateway with its secret in the clear: shown once."""

    gateway: Gateway
    secret: str


def gateways(*, by: Person, organization_id: UUID, after: UUID | None = None, limit: int = 50) -> Sequence[Gateway]:
    """An organization's open gateways with their channel's state and the newest test notice; keyset: ids past `after`.

    Raises NotVisible, NotAllowed.
    """
    organization = find_organization(by, Capability.GATEWAY_MANAGE, organization_id)
    rows = _described(Gateway.objects.filter(organization=organization, closed_at=None))
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk")[:limit])


def open_gateway(*, by: Person, organization_id: UUID, name: str, url: str) -> OpenedGateway:
    """Connect a provider. Raises NotVisible, NotAllowed, GatewayNameTaken, and InvalidInput at /url.

    The name is looked up before the transaction begins: it may take seconds.
    """
    organization = find_organization(by, Capability.GATEWAY_MANAGE, organization_id)
    try:
        check_target(url)
    except Unresolved:
        raise InvalidInput("This host name has no address now. Check how it is spelt.", pointer="/url") from None
    secret = new_secret()
    try:
        with transaction.atomic():
            if Gateway.objects.filter(organization=organization, closed_at=None).count() >= GATEWAYS_AT_MOST:
                raise Conflict(f"An organization has at most {GATEWAYS_AT_MOST} open gateways. Close one first.")
            channel = Channel.objects.create(transport=Channel.Transport.WEBHOOK)
            gateway = Gateway.objects.create(
                organization=organization, channel=channel, name=name, url=url, secret=secret
            )
            trail.wrote("gateway.open", by=by.pk, on=gateway.pk)
    except IntegrityError:
        raise GatewayNameTaken("An open gateway of this organization has that name already.") from None
    return OpenedGateway(_one(gateway.pk), secret)


@transaction.atomic
def rotate_secret(*, by: Person, organization_id: UUID, gateway_id: UUID) -> OpenedGateway:
    """A new secret; for 24 hours notices are signed with the old one, too. Raises NotVisible, NotAllowed."""
    gateway = _gateway(by, organization_id, gateway_id)
    gateway.previous_secret, gateway.previous_until = gateway.secret, now() + BOTH_SECRETS_FOR
    gateway.secret = new_secret()
    gateway.save(update_fields=["secret", "previous_secret", "previous_until"])
    trail.wrote("gateway.rotate", by=by.pk, on=gateway.pk)
    return OpenedGateway(_one(gateway.pk), gateway.secret)


@transaction.atomic
def close_gateway(*, by: Person, organization_id: UUID, gateway_id: UUID) -> Gateway:
    """Send nothing through it any more; notices that wait for it take their next way. Raises NotVisible, NotAllowed."""
    gateway = _gateway(by, organization_id, gateway_id)
    gateway.closed_at = now()
    gateway.save(update_fields=["closed_at"])
    # Whatever pause it was in: the notices must come to know that it is gone.
    Channel.objects.filter(pk=gateway.channel_id).update(failures=0, paused_until=None)
    trail.wrote("gateway.close", by=by.pk, on=gateway.pk)
    return _one(gateway.pk)


@transaction.atomic
def try_gateway(*, by: Person, organization_id: UUID, gateway_id: UUID) -> Gateway:
    """Queue one test notice to the caller's own contact point there; its result stands in the list of gateways.

    Raises NotVisible, NotAllowed, NoContactPoint.
    """
    gateway = _gateway(by, organization_id, gateway_id)
    point = notices.usable_points().filter(person=by, gateway=gateway).order_by("rank", "id").first()
    if point is None:
        raise NoContactPoint("A test goes to your own contact point. Add one at this gateway first.")
    notices.queue_test(by.pk, point)
    trail.wrote("gateway.try", by=by.pk, on=gateway.pk)
    return _one(gateway.pk)


def contact_points(*, by: Person) -> list[ContactPoint]:
    """One's own, in the order in which they are tried."""
    rows = ContactPoint.objects.filter(person=by, removed_at=None, gateway__closed_at=None)
    return list(rows.select_related("gateway__organization").order_by("rank", "id")[:CONTACT_POINTS_AT_MOST])


def gateways_for(*, by: Person) -> list[Gateway]:
    """The open gateways at which one may have contact points: those of the organizations where one works."""
    rows = Gateway.objects.filter(organization_id__in=workplaces(by).values("pk"), closed_at=None)
    return list(rows.select_related("organization").order_by("organization__name", "name", "id")[:100])


@transaction.atomic
def add_contact_point(*, by: Person, gateway_id: UUID, value: str, rank: int = 1) -> ContactPoint:
    """Be reached through a gateway. Raises InvalidInput at /gateway_id or /value, Conflict for one that is there."""
    gateway = next((each for each in gateways_for(by=by) if each.pk == gateway_id), None)
    if gateway is None:
        raise InvalidInput("There is no such gateway where you work.", pointer="/gateway_id")
    Person.objects.select_for_update(no_key=True).get(pk=by.pk)  # two at once are counted one after the other
    mine = ContactPoint.objects.filter(person=by, removed_at=None)
    value = _checked(value)
    if mine.filter(gateway=gateway, value=value).exists():
        raise Conflict("You are reached there already.")
    if mine.count() >= CONTACT_POINTS_AT_MOST:
        raise Conflict(f"A person has at most {CONTACT_POINTS_AT_MOST} contact points. Remove one first.")
    point = ContactPoint.objects.create(person=by, gateway=gateway, value=value, rank=rank)
    trail.wrote("contact-point.add", by=by.pk, on=point.pk)
    return point


@transaction.atomic
def remove_contact_point(*, by: Person, contact_point_id: UUID) -> ContactPoint:
    """Be reached there no more. Raises NotVisible for somebody else's and for one that is gone."""
    found = ContactPoint.objects.filter(person=by, pk=contact_point_id, removed_at=None)
    point = found.select_related("gateway__organization").select_for_update(of=("self",), no_key=True).first()
    if point is None:
        raise NotVisible()
    point.removed_at = now()
    point.save(update_fields=["removed_at"])
    trail.wrote("contact-point.remove", by=by.pk, on=point.pk)
    return point


def _gateway(by: Person, organization_id: UUID, gateway_id: UUID) -> Gateway:
    """An open gateway of an organization whose gateways one manages, locked."""
    organization = find_organization(by, Capability.GATEWAY_MANAGE, organization_id)
    found = Gateway.objects.filter(organization=organization, pk=gateway_id, closed_at=None)
    gateway = found.select_for_update(no_key=True).first()
    if gateway is None:
        raise NotVisible()
    return gateway


def _described(rows: "QuerySet[Gateway]") -> "QuerySet[Gateway]":
    tests = Dispatch.objects.filter(channel=OuterRef("channel"), is_test=True).order_by("-id")
    return rows.select_related("channel").annotate(
        test_state=Subquery(tests.values("state")[:1]),
        test_result=Subquery(tests.values("result")[:1]),
        test_at=Subquery(tests.values("queued_at")[:1]),
    )


def _one(gateway_id: UUID) -> Gateway:
    return _described(Gateway.objects.all()).get(pk=gateway_id)


def _checked(value: str) -> str:
    """A telephone number as E.164 writes it, without spaces; anything else that can be printed as it is."""
    text = value.strip()
    if not text or not text.isprintable():
        raise InvalidInput("Up to 100 printable characters, such as +4930123456.", pointer="/value")
    if not text.startswith("+"):
        return text
    digits = text[1:]
    for character in " -()./":
        digits = digits.replace(character, "")
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15 and digits[0] != "0"):
        raise InvalidInput(
            "A number that begins with + is 7 to 15 digits with its country's code, such as +4930123456.",
            pointer="/value",
        )
    return f"+{digits}"
