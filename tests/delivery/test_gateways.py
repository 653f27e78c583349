"""An organization's admin connects gateways; everybody keeps the own contact points; nobody sees what is not his."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carehub.audit.models import Entry
from carehub.delivery import tasks
from carehub.delivery.models import ContactPoint, Dispatch, Gateway
from carehub.directory.models import Organization, PractitionerRole
from tests.cast import Cast
from tests.sinks import HttpSink, is_signed

pytestmark = pytest.mark.quick


class Caller:
    """One of the cast, logged in."""

    def __init__(self, person: Any) -> None:
        self.client = Client()
        self.client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}")

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1{path}", json.dumps(body or {}), content_type="application/json")


@pytest.fixture
def admin(cast: Cast) -> Caller:
    """Priya, who is also an admin of the clinic."""
    PractitionerRole.objects.create(person=cast.priya, organization=cast.clinic, code="organization-admin")
    return Caller(cast.priya)


def connect(admin: Caller, cast: Cast, provider: HttpSink, name: str = "Pager") -> dict[str, Any]:
    answer = admin.post(f"/organizations/{cast.clinic.pk}/gateways", {"name": name, "url": provider.url})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def add(caller: Caller, gateway: str, value: str = "+4930123456") -> Any:
    return caller.post("/contact-points", {"gateway_id": gateway, "value": value})


def test_a_test_notice_goes_to_the_callers_own_contact_point_and_its_result_is_listed(
    admin: Caller, cast: Cast, provider: HttpSink
) -> None:
    opened = connect(admin, cast, provider)
    gateway, at = opened["gateway"], f"/organizations/{cast.clinic.pk}/gateways"
    none = admin.post(f"{at}/{gateway['id']}/test")
    assert (none.status_code, none.json()["code"]) == (409, "no-contact-point")
    assert add(admin, gateway["id"]).status_code == 201

    queued = admin.post(f"{at}/{gateway['id']}/test")
    assert (queued.status_code, queued.json()["last_test"]["state"]) == (202, "queued")
    tasks.send_due(str(Gateway.objects.get().channel_id))

    (listed,) = admin.get(at).json()["results"]
    assert (listed["last_test"]["state"], listed["failures"]) == ("sent", 0)
    assert is_signed(provider.got[0], opened["secret"])


def test_a_failed_test_takes_no_other_way(admin: Caller, cast: Cast, provider: HttpSink) -> None:
    gateway = connect(admin, cast, provider)["gateway"]["id"]
    add(admin, gateway)
    provider.behave("refuse")

    admin.post(f"/organizations/{cast.clinic.pk}/gateways/{gateway}/test")
    tasks.send_due(str(Gateway.objects.get().channel_id))

    (row,) = Dispatch.objects.all()
    assert (row.state, row.result) == ("failed", "status 404")


def test_the_secret_is_shown_once_and_a_new_one_signs_together_with_the_old(
    admin: Caller, cast: Cast, provider: HttpSink, caplog: pytest.LogCaptureFixture
) -> None:
    opened = connect(admin, cast, provider)
    at = f"/organizations/{cast.clinic.pk}/gateways"
    add(admin, opened["gateway"]["id"])
    assert opened["secret"] not in admin.get(at).content.decode()

    gateway = opened["gateway"]["id"]
    rotated = admin.post(f"/organizations/{cast.clinic.pk}/gateways/{gateway}/rotate").json()
    admin.post(f"{at}/{opened['gateway']['id']}/test")
    tasks.send_due(str(Gateway.objects.get().channel_id))

    assert rotated["secret"] != opened["secret"]
    assert is_signed(provider.got[0], rotated["secret"])
    assert is_signed(provider.got[0], opened["secret"]), "for 24 hours"
    assert not any(secret in caplog.text for secret in (rotated["secret"], opened["secret"]))


def test_a_secret_that_was_replaced_long_ago_signs_no_more(
    admin: Caller, cast: Cast, provider: HttpSink, forward: Any
) -> None:
    from carehub.delivery.actions.gateways import BOTH_SECRETS_FOR, rotate_secret, try_gateway

    opened = connect(admin, cast, provider)
    add(admin, opened["gateway"]["id"])
    ids = {"organization_id": cast.clinic.pk, "gateway_id": UUID(opened["gateway"]["id"])}
    rotate_secret(by=cast.priya, **ids)
    forward(BOTH_SECRETS_FOR)
    try_gateway(by=cast.priya, **ids)
    tasks.send_due(str(Gateway.objects.get().channel_id))

    assert not is_signed(provider.got[0], opened["secret"])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://127.0.0.1/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("http://93.184.215.14/", "https://"),
        ("https://a:b@93.184.215.14/", "password"),
        ("https://nowhere.invalid/", "no address"),
    ],
)
def test_an_address_that_is_not_allowed_is_refused_in_words(
    admin: Caller, cast: Cast, url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = admin.post(f"/organizations/{cast.clinic.pk}/gateways", {"name": "Pager", "url": url})

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/url")
    assert words in error["detail"]
    assert not Gateway.objects.exists()


def test_a_name_is_taken_once_and_free_again_after_closing(admin: Caller, cast: Cast, provider: HttpSink) -> None:
    at = f"/organizations/{cast.clinic.pk}/gateways"
    first = connect(admin, cast, provider)["gateway"]["id"]
    again = admin.post(at, {"name": "Pager", "url": provider.url})
    assert (again.status_code, again.json()["code"]) == (409, "gateway-name-taken")

    assert admin.post(f"/organizations/{cast.clinic.pk}/gateways/{first}/close").json()["closed_at"]

    assert admin.get(at).json()["results"] == []
    assert admin.post(f"{at}/{first}/close").status_code == 404
    connect(admin, cast, provider)


GATEWAY_CALLS = (("get", ""), ("post", ""), ("post", "/{id}/close"), ("post", "/{id}/rotate"), ("post", "/{id}/test"))


@pytest.mark.parametrize(("method", "below"), GATEWAY_CALLS)
def test_a_stranger_sees_no_gateway_and_an_employee_without_the_capability_is_told_so(
    admin: Caller, cast: Cast, provider: HttpSink, method: str, below: str
) -> None:
    gateway = connect(admin, cast, provider)["gateway"]["id"]
    below = below.format(id=gateway)
    body = {} if below else {"name": "X", "url": provider.url}

    def call(caller: Caller, path: str) -> Any:
        return caller.get(path) if method == "get" else caller.post(path, body)

    elsewhere = Organization.objects.create(name="Elsewhere")

    own = call(Caller(cast.maya), f"/organizations/{cast.clinic.pk}/gateways{below}")
    foreign = call(Caller(cast.rosa), f"/organizations/{cast.clinic.pk}/gateways{below}")
    absent = call(Caller(cast.rosa), f"/organizations/{uuid4()}/gateways{below}")
    other = call(admin, f"/organizations/{elsewhere.pk}/gateways{below}")

    assert (own.status_code, own.json()["capability"]) == (403, "gateway.manage")
    assert (foreign.status_code, absent.status_code, other.status_code) == (404, 404, 404)
    assert foreign.content == absent.content == other.content
    assert Gateway.objects.filter(closed_at=None).count() == 1


def test_a_gateway_of_another_organization_is_absent(admin: Caller, cast: Cast, provider: HttpSink) -> None:
    gateway = connect(admin, cast, provider)["gateway"]["id"]
    other = Organization.objects.create(name="Elsewhere")
    PractitionerRole.objects.create(person=cast.otto, organization=other, code="organization-admin")

    for below in ("close", "rotate", "test"):
        foreign = Caller(cast.otto).post(f"/organizations/{other.pk}/gateways/{gateway}/{below}")
        absent = Caller(cast.otto).post(f"/organizations/{other.pk}/gateways/{uuid4()}/{below}")
        assert (foreign.status_code, foreign.content) == (404, absent.content)
    outsider = Caller(cast.rosa)
    assert add(outsider, gateway).json() == add(outsider, str(uuid4())).json()
    assert outsider.get("/contact-points").json() == {"results": [], "gateways": []}


def test_contact_points_are_ones_own(admin: Caller, cast: Cast, provider: HttpSink) -> None:
    gateway = connect(admin, cast, provider)["gateway"]["id"]
    ivan, maya = Caller(cast.ivan), Caller(cast.maya)
    point = add(ivan, gateway, "+49 (30) 123-456").json()
    assert point["value"] == "+4930123456"
    assert add(ivan, gateway, "+49 30 123456").status_code == 409, "the same number"

    assert maya.get("/contact-points").json()["results"] == []
    foreign = maya.post(f"/contact-points/{point['id']}/remove")
    assert (foreign.status_code, foreign.content) == (404, maya.post(f"/contact-points/{uuid4()}/remove").content)
    assert ivan.post(f"/contact-points/{point['id']}/remove").status_code == 200
    assert ivan.post(f"/contact-points/{point['id']}/remove").status_code == 404
    assert add(ivan, gateway).status_code == 201


@pytest.mark.parametrize(
    "value",
    ["", " ", "+", "+0301234567", "+49", "+49301234567890123", "+4930x", "+４９３０１２３４５６", "a\tb", "x" * 101],
)
def test_a_value_that_nobody_could_be_reached_at_is_refused(
    admin: Caller, cast: Cast, provider: HttpSink, value: str
) -> None:
    gateway = connect(admin, cast, provider)["gateway"]["id"]

    answer = add(Caller(cast.ivan), gateway, value)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/value")
    assert not ContactPoint.objects.exists()


def test_there_are_at_most_ten_contact_points_and_twenty_gateways(
    admin: Caller, cast: Cast, provider: HttpSink
) -> None:
    gateways = [connect(admin, cast, provider, f"Pager {number}")["gateway"]["id"] for number in range(20)]
    ivan = Caller(cast.ivan)

    assert (
        admin.post(f"/organizations/{cast.clinic.pk}/gateways", {"name": "One more", "url": provider.url}).status_code
        == 409
    )
    assert [add(ivan, gateways[0], f"pager {number}").status_code for number in range(11)] == [201] * 10 + [409]


def test_the_list_of_gateways_is_paged_and_costs_the_same(admin: Caller, cast: Cast, provider: HttpSink) -> None:
    at = f"/organizations/{cast.clinic.pk}/gateways"

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(at).status_code == 200
        return len(queries)

    connect(admin, cast, provider, "First")
    few = cost()
    for number in range(4):
        connect(admin, cast, provider, f"Pager {number}")
    assert cost() == few

    first = admin.get(f"{at}?limit=3").json()
    second = admin.get(f"{at}?limit=3&after={first['next']}").json()
    names = [row["name"] for page in (first, second) for row in page["results"]]
    assert names == ["First", *(f"Pager {number}" for number in range(4))]
    assert second["next"] is None


def test_what_is_done_is_in_the_trail(admin: Caller, cast: Cast, provider: HttpSink) -> None:
    gateway = connect(admin, cast, provider)["gateway"]["id"]
    point = add(admin, gateway).json()["id"]
    at = f"/organizations/{cast.clinic.pk}/gateways/{gateway}"
    for path in (f"{at}/test", f"{at}/rotate", f"/contact-points/{point}/remove", f"{at}/close"):
        assert admin.post(path).status_code < 300

    lines = Entry.objects.filter(person_id=cast.priya.pk).order_by("id").values_list("verb", "object_id")
    assert list(lines)[-6:] == [
        ("gateway.open", UUID(gateway)),
        ("contact-point.add", UUID(point)),
        ("gateway.try", UUID(gateway)),
        ("gateway.rotate", UUID(gateway)),
        ("contact-point.remove", UUID(point)),
        ("gateway.close", UUID(gateway)),
    ]
