"""An event that this version cannot show, written as another version would: nothing stops, nothing is dropped."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from carehub.delivery import sweeper, unrenderable
from carehub.delivery.actions import climb
from carehub.delivery.models import RenderLook, Unrenderable
from carehub.delivery.receipts import mark
from carehub.directory.models import Membership, Role
from carehub.events.catalogue import CATALOGUE, Fact
from carehub.events.models import Delivery, Event
from carehub.messaging.actions import post_message
from carehub.records.actions import add_team_member, end_membership
from carehub.standalone.servers import SUPERUSER
from tests.actions.scenarios import planned
from tests.cast import Cast
from tests.clients import Api, Socket, run
from tests.delivery.crowded import FILL, given
from tests.servers import Installation, wait_until

CANARY = "CANARY"


@dataclass(frozen=True)
class Strange:
    """What another version wrote; `shown` is the type under which it is delivered."""

    type: str
    topic: str
    body: dict[str, Any]
    shown: str
    reason: str


UNKNOWN = Strange(
    "medication.changed", "medication:1", {"drug": CANARY}, "event.unrenderable", "its type is not in the catalogue"
)
MISFIT = Strange(
    "flag.raised",
    "flag:1",
    {"severity": CANARY},
    "flag.raised",
    "its body does not fit its type, at $.severity",
)
STRANGE = pytest.mark.parametrize("strange", [UNKNOWN, MISFIT], ids=["unknown", "misfit"])
Browser = Callable[[str], Client]


def write(cast: Cast, strange: Strange, name: str = "nils") -> Delivery:
    """Put it at the head of this person's inbox, and a message after it."""
    parameters = given(cast.record.pk, cast[name].pk, type=strange.type, topic=strange.topic, body=strange.body)
    with connection.cursor() as cursor:
        cursor.execute(FILL, parameters)
    row = Delivery.objects.get(person=cast[name], event__type=strange.type)
    post_message(by=cast.maya, record_id=cast.record.pk, text="And on it goes.")
    return row


@pytest.fixture
def browser(cast: Cast) -> Browser:
    def log_in(name: str) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(cast[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.mark.quick
@STRANGE
def test_is_in_the_inbox_of_its_recipient_and_what_follows_too(cast: Cast, browser: Browser, strange: Strange) -> None:
    row = write(cast, strange)

    answer = browser("nils").get("/api/v1/inbox?limit=200").json()

    assert [item["n"] for item in answer["results"]] == list(range(1, answer["head"] + 1))
    *_, found, after = answer["results"]
    assert (found["n"], found["event"]["id"], found["event"]["type"]) == (row.n, str(row.event_id), strange.shown)
    assert found["event"]["body"] == ({} if strange is UNKNOWN else strange.body)
    assert after["event"]["body"]["text"] == "And on it goes."


@pytest.mark.quick
@STRANGE
def test_is_listed_over_http_and_hidden_from_strangers(cast: Cast, browser: Browser, strange: Strange) -> None:
    row = write(cast, strange)
    nils, cora, otto = browser("nils"), browser("cora"), browser("otto")

    (owed,) = nils.get("/api/v1/inbox/open").json()["results"]
    timeline = nils.get(f"/api/v1/records/{cast.record.pk}/timeline").json()["results"]
    seen = nils.get(f"/api/v1/events/{row.event_id}/deliveries").json()["results"]
    silences = cora.get("/api/v1/uncommunicated").json()["results"]

    assert owed["event"]["type"] == strange.shown
    assert strange.shown in [event["type"] for event in timeline]
    assert [(each["name"], each["state"]) for each in seen] == [("Nils", "pending")]
    assert [(each["person"], each["event_type"]) for each in silences] == [("Nils", strange.shown)]
    assert cora.get(f"/api/v1/events/{row.event_id}/deliveries").status_code == 404, "she was not told of it"
    assert otto.get(f"/api/v1/events/{row.event_id}/deliveries").status_code == 404
    if strange is UNKNOWN:
        assert CANARY not in json.dumps([owed, timeline, seen, silences])
        assert strange.type not in json.dumps([owed, timeline, seen, silences])


@pytest.mark.quick
@STRANGE
def test_is_a_plain_card_on_every_page(cast: Cast, browser: Browser, strange: Strange) -> None:
    row = write(cast, strange)
    nils, record = browser("nils"), cast.record.pk
    pages = [
        nils.get(path) for path in ("/", "/inbox/region/open", f"/records/{record}", f"/records/{record}/timeline")
    ]
    seen = nils.get(f"/events/{row.event_id}/seen")
    silences = browser("cora").get("/uncommunicated")

    for page in pages:
        assert page.status_code == 200
        assert "cannot be shown by this version" in page.content.decode()
        assert CANARY not in page.content.decode()
        assert f'data-n="{row.n}" data-state' not in page.content.decode(), "and it does not count as seen"
        assert f"ack-{row.n}" not in page.content.decode(), "nobody acknowledges what he cannot see"
    assert seen.status_code == silences.status_code == 200
    assert "Nils" in silences.content.decode()


@pytest.mark.quick
def test_of_an_unknown_type_is_not_acknowledged_unseen(cast: Cast) -> None:
    row = write(cast, UNKNOWN)

    mark(person_id=cast.nils.pk, received=cast.nils.inbox.head, acknowledge=[row.n or 0])

    row = Delivery.objects.get(pk=row.pk)
    assert (row.received_at, row.outcome) == (None, None)


@pytest.mark.quick
@STRANGE
def test_keeps_nobody_from_joining_leaving_publishing_or_climbing(cast: Cast, strange: Strange) -> None:
    row = write(cast, strange)

    planned(cast)
    assert climb(record_id=cast.record.pk, person_id=cast.nils.pk, event_id=row.event_id) is not None
    Delivery.objects.filter(pk=row.pk).update(next_rung_at="2020-01-01T00:00:00Z", rung=5)
    assert sweeper.climb_all() == 1
    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)
    place = Membership.objects.get(record=cast.record, person=cast.nils)
    end_membership(by=cast.cora, record_id=cast.record.pk, membership_id=place.pk, reason="Moved")

    assert Event.objects.filter(type="incident.opened").count() == 1
    caught_up = Delivery.objects.get(event=row.event, person=cast.olga)
    assert (caught_up.obligation, caught_up.ground, caught_up.n is not None) == ("inform", "joining", True)
    assert Delivery.objects.get(event=row.event, person=cast.cora).ground == "successor"


@pytest.mark.quick
def test_of_a_type_that_a_newcomer_may_not_read_excludes_him(cast: Cast) -> None:
    row = write(cast, MISFIT)
    place = Membership.objects.get(record=cast.record, person=cast.carl)
    end_membership(by=cast.cora, record_id=cast.record.pk, membership_id=place.pk, reason="Moved")

    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.carl.pk, role=Role.CAREGIVER)

    assert Delivery.objects.get(event=row.event, person=cast.carl).exclusion == "by role"


@pytest.mark.quick
@STRANGE
def test_is_told_to_operators_once_without_its_content(
    cast: Cast, strange: Strange, caplog: pytest.LogCaptureFixture
) -> None:
    row = write(cast, strange)

    with caplog.at_level(logging.ERROR):
        sweeper.sweep(name="sweep")
        sweeper.sweep(name="another")

    found = Unrenderable.objects.get()
    assert (found.event_id, found.reason, found.resolved_at) == (row.event_id, strange.reason, None)
    assert [line.message for line in caplog.records] == [
        f"event {row.event_id} cannot be shown by this version: {strange.reason}"
    ]
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["events"].startswith(
        f"1 cannot be shown by this version; the first is {row.event_id}"
    )
    assert CANARY not in answer.content.decode()


@pytest.mark.quick
def test_is_resolved_by_a_version_that_can_show_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    class MedicationChanged(Fact, frozen=True):
        type = "medication.changed"
        phrase = "changed a medication"
        drug: str

    write(cast, UNKNOWN)
    assert unrenderable.look() == 1
    RenderLook.objects.update(due_at="2020-01-01T00:00:00Z")
    assert unrenderable.look() == 0, "it was told before"
    assert Client().get("/readyz").json()["checks"]["events"] != "ok"

    monkeypatch.setitem(CATALOGUE, "medication.changed", MedicationChanged)
    unrenderable.fingerprint.cache_clear()
    assert unrenderable.look() == 0
    unrenderable.fingerprint.cache_clear()

    assert Unrenderable.objects.get().resolved_at is not None
    assert RenderLook.objects.count() == 2, "each version has a mark of its own"


@pytest.mark.slow
def test_that_commits_late_below_others_is_still_found(house: Installation) -> None:
    people = dict(house.rows("SELECT name, id FROM directory_person"))
    rosas, rudis = house.record_id(), house.record_id("Panic")
    found = "SELECT count(*) FROM delivery_unrenderable"
    mark = "SELECT looked, (SELECT max(seq) FROM events_event) FROM delivery_renderlook"

    def look() -> None:
        house.advance(unrenderable.PERIOD + timedelta(seconds=1))
        house.sweep_once()

    url = house.servers.postgres.url(SUPERUSER, house.database)
    with psycopg.connect(url, autocommit=True) as early, psycopg.connect(url) as late:
        late.execute(FILL, given(rudis, people["Otto"], type=UNKNOWN.type, body=UNKNOWN.body))
        early.execute(FILL, given(rosas, people["Nils"]))
        for _ in range(2):
            look()
        assert house.rows(found) == [(0,)]

        late.commit()
    look()
    assert house.rows(found) == [(1,)]
    look()
    ((looked, head),) = house.rows(mark)
    assert looked == head, "what has been looked at is not looked at for ever"


@pytest.mark.slow
def test_goes_through_the_socket_and_is_told_within_a_minute(house: Installation) -> None:
    web, sweep = house.web(), house.sweeper()
    record = house.record_id()
    nils, maya = Api.log_in(web.url, "Nils"), Api.log_in(web.url, "Maya")
    ((person,),) = house.rows("SELECT id FROM directory_person WHERE name = 'Nils'")

    async def scenario() -> None:
        socket = await Socket.open(nils)
        for strange in (UNKNOWN, MISFIT):
            house.execute(FILL, given(record, person, type=strange.type, topic=strange.topic, body=strange.body))
        answer = await asyncio.to_thread(maya.post, f"/records/{record}/messages", {"text": "After them"})
        assert answer.status == 201, answer.body
        frames = [await socket.next("event") for _ in range(3)]
        assert [frame["event"]["type"] for frame in frames] == ["event.unrenderable", "flag.raised", "message.posted"]
        assert frames[0]["event"]["body"] == {}
        await socket.send(kind="received", n=frames[2]["n"])

        replayed = await Socket.open(nils, cursor=f"1.{frames[0]['n'] - 1}")
        again = [await replayed.next("event") for _ in range(3)]
        assert [frame["event"] for frame in again] == [frame["event"] for frame in frames]

    run(scenario)
    wait_until(lambda: house.rows("SELECT count(*) FROM delivery_unrenderable") == [(2,)], 60, sweep.log)
    assert CANARY not in sweep.log.read_text()
    with pytest.raises(Exception, match="event-can-be-shown"):
        house.verify()
