"""A notice is sent once, tried again by its policy, and takes its next way when one has failed."""

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from urllib3.connection import HTTPConnection

from carehub.core.clock import now
from carehub.delivery import claims, notices, tasks
from carehub.delivery.actions.gateways import add_contact_point, close_gateway, open_gateway, remove_contact_point
from carehub.delivery.ladder import LADDER
from carehub.delivery.models import MAIL, Channel, ContactPoint, Dispatch, Escalation
from carehub.delivery.notices import Notice
from carehub.directory.models import Person, PractitionerRole
from carehub.events.models import Delivery
from carehub.plans.actions import revise_plan
from tests.actions.scenarios import definition, planned
from tests.cast import Cast
from tests.sinks import HttpSink, SmtpSink, is_signed

from .conftest import Forward

pytestmark = pytest.mark.quick

MINUTE = timedelta(minutes=1)


def rung(cast: Cast, name: str = "ivan", *, number: int = 1) -> Escalation:
    """A rung that was climbed for Ivan, and reaches him."""
    event = Delivery.objects.filter(event__type="plan.revised").values_list("event_id", flat=True).first()
    event = event or planned(cast).event_id
    return Escalation.objects.create(
        event_id=event, person=cast[name], rung=number, name=LADDER[0].name, to_person=cast[name], channel="mail",
        result="queued", round=Escalation.objects.count() + 1,
    )  # fmt: skip


def queue(cast: Cast, priority: Any, *, name: str = "ivan", rows: int = 1) -> list[Dispatch]:
    """As many notices of that priority, to him."""
    return notices.queue([Notice(cast[name].pk, priority, escalation=rung(cast, name)) for _ in range(rows)])


def gateway(cast: Cast, provider: HttpSink, name: str = "Pager") -> tuple[ContactPoint, str]:
    """A gateway of the clinic, where Ivan has a contact point, and its secret."""
    PractitionerRole.objects.get_or_create(person=cast.priya, organization=cast.clinic, code="organization-admin")
    opened = open_gateway(by=cast.priya, organization_id=cast.clinic.pk, name=name, url=provider.url)
    return add_contact_point(by=cast.ivan, gateway_id=opened.gateway.pk, value="+49 30 123456"), opened.secret


def result_of(row: Dispatch) -> str:
    """What the notice's rung says."""
    assert row.escalation_id is not None
    return Escalation.objects.get(pk=row.escalation_id).result


def send(channel_id: Any = MAIL) -> None:
    """What a worker does when it is asked to look at a channel."""
    tasks.send_due(str(channel_id))


def states(**which: Any) -> list[tuple[str, str]]:
    """Transport and state of each notice, in the order of queueing."""
    return list(Dispatch.objects.filter(**which).order_by("id").values_list("transport", "state"))


def test_leaves_by_mail_with_a_constant_text_under_its_own_key(cast: Cast, smtp: SmtpSink) -> None:
    (row,) = queue(cast, "urgent")

    send()

    (mail,) = smtp.got
    assert (mail.to, mail.key) == (cast.ivan.email, str(row.pk))
    assert "Something on one of your care teams waits for you." in mail.text
    assert "Rosa" not in mail.text
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 1)
    assert result_of(row) == "sent"


def test_leaves_by_webhook_signed_with_nothing_of_care(cast: Cast, provider: HttpSink) -> None:
    point, secret = gateway(cast, provider)
    (row, _) = queue(cast, "stat")
    assert row.contact_point == point

    send(row.channel_id)

    (sent,) = provider.got
    assert (sent.key, sent.to) == (str(row.pk), "+4930123456")
    assert sent.headers["idempotency-key"] == sent.key
    assert is_signed(sent, secret)
    assert not is_signed(sent, "whsec_" + "A" * 43 + "=")
    assert not is_signed(type(sent)(sent.key, sent.to, sent.text.replace("30", "31"), sent.headers), secret)
    assert "Rosa" not in sent.text


@pytest.mark.parametrize("behaviour", ["fail", "hang"])
def test_of_mail_is_tried_again_after_1_2_4_and_8_minutes(
    cast: Cast, smtp: SmtpSink, forward: Forward, settings: Any, behaviour: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    smtp.behave(behaviour)
    (row,) = queue(cast, "urgent")

    waits = []
    for expected in (1, 2, 4, 8):
        send()
        row.refresh_from_db()
        assert row.claimed_at is not None
        waits.append(round((row.next_attempt_at - row.claimed_at) / MINUTE, 1))
        forward(expected * MINUTE - timedelta(seconds=2))
        send()
        assert smtp.asked == len(waits), "not before its time"
        forward(timedelta(seconds=4))
    send()

    row.refresh_from_db()
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert (row.state, row.attempts, smtp.asked) == ("failed", 5, 5)
    assert result_of(row) == "failed"


def test_of_a_gateway_that_is_busy_waits_as_long_as_it_asks_an_hour_at_most(
    cast: Cast, provider: HttpSink, forward: Forward
) -> None:
    gateway(cast, provider)
    provider.behave("busy")
    (row,) = queue(cast, "asap")

    for asked, expected in (("120", 120.0), ("999999", 3600.0), ("1", 4 * 60.0)):
        provider.retry_after = asked
        send(row.channel_id)
        row.refresh_from_db()
        assert row.claimed_at is not None
        assert (row.next_attempt_at - row.claimed_at).total_seconds() == pytest.approx(expected, abs=1)
        forward(timedelta(seconds=expected + 1))


@pytest.mark.parametrize("behaviour", ["refuse", "redirect"])
def test_that_a_gateway_refuses_takes_the_next_way_at_once(
    cast: Cast, provider: HttpSink, smtp: SmtpSink, behaviour: Any
) -> None:
    gateway(cast, provider)
    provider.behave(behaviour)
    (row,) = queue(cast, "asap")

    send(row.channel_id)
    assert states() == [("webhook", "failed"), ("mail", "queued")]
    assert result_of(row) == "queued"
    send()

    assert states() == [("webhook", "failed"), ("mail", "sent")]
    assert (provider.asked, provider.redirects, len(smtp.got)) == (1, 0, 1)
    assert result_of(row) == "sent"


def test_that_a_gateway_fails_five_times_takes_the_next_way(
    cast: Cast, provider: HttpSink, smtp: SmtpSink, forward: Forward
) -> None:
    gateway(cast, provider)
    provider.behave("fail")
    (row,) = queue(cast, "asap")

    for minutes in (1, 2, 4, 8, 0):
        send(row.channel_id)
        forward(minutes * MINUTE + timedelta(seconds=1))
    send()

    assert provider.asked == 5
    assert states() == [("webhook", "failed"), ("mail", "sent")]


def test_that_everybody_refuses_is_said_on_its_rung(cast: Cast, provider: HttpSink, smtp: SmtpSink) -> None:
    point, _ = gateway(cast, provider)
    provider.behave("refuse")
    smtp.behave("refuse")
    (row,) = queue(cast, "urgent")

    send()
    send(point.gateway.channel_id)

    assert states() == [("mail", "failed"), ("webhook", "failed")]
    assert result_of(row) == "failed"


def test_goes_by_gateway_first_when_it_is_pressing_and_everywhere_when_it_is_stat(
    cast: Cast, provider: HttpSink
) -> None:
    gateway(cast, provider)

    ways = {
        priority: [row.transport for row in queue(cast, priority)] for priority in ("routine", "urgent", "asap", "stat")
    }

    assert ways == {"routine": ["mail"], "urgent": ["mail"], "asap": ["webhook"], "stat": ["webhook", "mail"]}


def test_goes_to_no_contact_point_that_was_removed_or_whose_gateway_was_closed(
    cast: Cast, provider: HttpSink, smtp: SmtpSink
) -> None:
    point, _ = gateway(cast, provider)
    queue(cast, "asap")
    remove_contact_point(by=cast.ivan, contact_point_id=point.pk)
    other, _ = gateway(cast, provider, "Telephone")
    queue(cast, "asap")
    close_gateway(by=cast.priya, organization_id=cast.clinic.pk, gateway_id=other.gateway_id)

    for channel in (point.gateway.channel_id, other.gateway.channel_id, MAIL):
        send(channel)

    assert (provider.asked, len(smtp.got)) == (0, 2)
    assert [row.transport for row in queue(cast, "asap")] == ["mail"]


def test_is_not_sent_to_somebody_who_was_deactivated(cast: Cast, smtp: SmtpSink) -> None:
    (row,) = queue(cast, "urgent")
    Person.objects.filter(pk=cast.ivan.pk).update(is_active=False)

    send()

    row.refresh_from_db()
    assert (row.state, smtp.asked) == ("failed", 0)


def test_that_was_sent_but_not_marked_is_sent_once_more_under_the_same_key(
    cast: Cast, smtp: SmtpSink, forward: Forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(cast, "urgent")
    with monkeypatch.context() as dying:
        dying.setattr(claims, "sent", lambda claim: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            send()

    send()
    assert len(smtp.got) == 1, "the claim holds for 30 s"
    forward(timedelta(seconds=31))
    send()
    send()

    assert [mail.key for mail in smtp.got] == [smtp.got[0].key] * 2
    assert states() == [("mail", "sent")]


def test_that_another_worker_took_over_is_his_to_mark(cast: Cast, forward: Forward) -> None:
    from carehub.delivery.transports import TryAgain

    (row,) = queue(cast, "urgent")
    slow = claims.claim(MAIL)
    forward(timedelta(seconds=31))
    quick = claims.claim(MAIL)
    assert slow is not None
    assert quick is not None

    claims.sent(quick)
    claims.not_sent(slow, TryAgain("too slow"))

    row.refresh_from_db()
    assert (row.state, row.attempts, slow.key) == ("sent", 2, quick.key)


def test_of_routine_leave_as_one_mail_however_many_and_once(cast: Cast, smtp: SmtpSink, forward: Forward) -> None:
    queue(cast, "routine", rows=7)
    queue(cast, "routine", name="paula", rows=2)
    send()
    assert smtp.got == [], "before the digest"

    forward(timedelta(hours=24))
    send()
    send()

    assert sorted(mail.to for mail in smtp.got) == [cast.ivan.email, cast.paula.email]
    assert states() == [("mail", "sent")] * 9
    assert set(Escalation.objects.values_list("result", flat=True)) == {"sent"}


def test_of_a_digest_stay_together_after_a_crash_and_later_ones_make_another(
    cast: Cast, smtp: SmtpSink, forward: Forward
) -> None:
    queue(cast, "routine", rows=3)
    forward(timedelta(hours=24))
    crashed = claims.claim(MAIL)
    assert crashed is not None
    late = queue(cast, "routine", rows=2)
    Dispatch.objects.filter(pk__in=[row.pk for row in late]).update(next_attempt_at=now())
    forward(timedelta(seconds=31))

    send()

    assert len(smtp.got) == 2
    assert {mail.key for mail in smtp.got} == {str(crashed.key), str(min(row.pk for row in late))}


def test_that_was_held_back_is_not_sent_when_nothing_waits_any_more(
    cast: Cast, smtp: SmtpSink, forward: Forward
) -> None:
    (answered, waiting) = queue(cast, "routine"), queue(cast, "routine", name="paula")
    Delivery.objects.filter(event__escalations=answered[0].escalation, person=cast.ivan).update(
        received_at=now(), seen_at=now(), outcome="acknowledged", outcome_at=now()
    )
    forward(timedelta(hours=24))

    send()

    assert [mail.to for mail in smtp.got] == [cast.paula.email]
    assert states(pk=answered[0].pk) == [("mail", "withdrawn")]
    assert states(pk=waiting[0].pk) == [("mail", "sent")]


def test_that_was_held_back_is_sent_when_a_newer_version_waits_instead(
    cast: Cast, smtp: SmtpSink, forward: Forward
) -> None:
    plan = planned(cast)
    (row,) = queue(cast, "routine")
    revise_plan(by=cast.maya, record_id=cast.record.pk, base=plan.number, definition=definition(title="Another"),
                rationale="Better")  # fmt: skip
    assert Delivery.objects.get(event=plan.event_id, person=cast.ivan).outcome == "superseded"
    forward(timedelta(hours=24))

    send()

    assert states(pk=row.pk) == [("mail", "sent")]


@pytest.mark.parametrize(("address", "says"), [("@", "no mail address"), ("a@b\nBcc: c@d", "no mail address")])
def test_to_what_is_no_mail_address_takes_the_next_way_at_once(
    cast: Cast, provider: HttpSink, smtp: SmtpSink, address: str, says: str
) -> None:
    point, _ = gateway(cast, provider)
    Person.objects.filter(pk=cast.ivan.pk).update(email=address)
    (row,) = queue(cast, "urgent")

    send()
    send(point.gateway.channel_id)

    assert states() == [("mail", "failed"), ("webhook", "sent")]
    assert Dispatch.objects.get(pk=row.pk).result == says


def test_that_a_defect_stops_is_tried_again_and_takes_the_next_way(
    cast: Cast, provider: HttpSink, forward: Forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> None:
        raise KeyError("Rosa")

    gateway(cast, provider)
    monkeypatch.setattr("carehub.delivery.transports.mail.Mail.send", defect)
    (row,) = queue(cast, "urgent")

    for _ in range(5):
        send()
        forward(9 * MINUTE)

    row.refresh_from_db()
    assert (row.state, row.result) == ("failed", "defect: KeyError")
    assert [transport for transport, _ in states()] == ["mail", "webhook"]
    assert Channel.objects.get(pk=MAIL).failures == 0, "others need not wait"


def test_to_somebody_whose_time_zone_is_unknown_here_is_queued_by_utc(cast: Cast) -> None:
    Person.objects.filter(pk=cast.ivan.pk).update(time_zone="Europe/Nowhere")

    (row,) = queue(cast, "routine")

    assert (row.next_attempt_at.hour, row.next_attempt_at.minute) == (8, 0)


def test_that_is_accepted_and_dropped_changes_nothing_on_the_ladder(cast: Cast, smtp: SmtpSink) -> None:
    from carehub.delivery.actions import climb

    smtp.behave("drop")
    row = Delivery.objects.filter(event=planned(cast).event, person=cast.ivan)
    for number in range(1, 4):
        row.update(next_rung_at="2020-01-01T00:00:00Z")
        assert climb(record_id=cast.record.pk, person_id=cast.ivan.pk, event_id=row.get().event_id) is not None
        send()
        assert row.get().rung == number

    assert (len(smtp.got), smtp.arrived) == (3, [])
    assert list(Escalation.objects.order_by("rung").values_list("result", "to_person__name")) == [
        ("sent", "Ivan"),
        ("sent", "Ivan"),
        ("sent", "Cora"),
    ], "nobody acknowledged, so somebody else is told"


def test_behind_a_failing_channel_wait_for_one_probe_and_then_take_the_next_way(
    cast: Cast, provider: HttpSink, smtp: SmtpSink, forward: Forward
) -> None:
    gateway(cast, provider)
    provider.behave("fail")
    rows = queue(cast, "asap", rows=30)
    id = rows[0].channel_id
    assert id is not None

    send(id)
    assert provider.asked == 1, "the first failure pauses it"
    pauses = []
    for _ in range(8):
        channel = Channel.objects.get(pk=id)
        assert channel.paused_until is not None
        pause = channel.paused_until - now()
        pauses.append(round(pause.total_seconds()))
        forward(pause + timedelta(seconds=1))
        assert (id, 1) in claims.hand_over()
        send(id)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert provider.asked == 9, "one probe each"

    forward(timedelta(minutes=5))
    assert claims.pass_by_failing_channels() > 20
    send()
    assert len(smtp.got) > 20
    assert set(Dispatch.objects.filter(transport="mail").values_list("state", flat=True)) == {"sent"}


def test_behind_a_failing_channel_wait_on_when_there_is_no_other_way(
    cast: Cast, smtp: SmtpSink, forward: Forward
) -> None:
    smtp.behave("fail")
    queue(cast, "urgent", rows=3)
    send()
    forward(timedelta(minutes=21))

    assert claims.pass_by_failing_channels() == 0
    smtp.behave("accept")
    send()
    send()

    assert states() == [("mail", "sent")] * 3


def test_that_one_address_defers_does_not_pause_the_others(cast: Cast, smtp: SmtpSink) -> None:
    smtp.behave("busy")
    queue(cast, "urgent", rows=3)

    send()

    assert smtp.asked == 3
    assert Channel.objects.get(pk=MAIL).failures == 0


def test_are_under_way_no_more_than_a_channel_s_lanes(cast: Cast) -> None:
    queue(cast, "urgent", rows=9)

    found = [claims.claim(MAIL) for _ in range(5)]

    assert [claim is not None for claim in found] == [True, True, True, False, False]


def test_that_is_most_pressing_leaves_first(cast: Cast, smtp: SmtpSink) -> None:
    rows = [queue(cast, priority)[0] for priority in ("urgent", "asap", "stat")]

    send()

    assert [mail.key for mail in smtp.got] == [str(row.pk) for row in reversed(rows)]


def test_a_channel_is_handed_over_once_until_its_worker_has_looked_or_is_lost(cast: Cast, forward: Forward) -> None:
    queue(cast, "urgent", rows=5)

    assert claims.hand_over() == [(MAIL, 3)]
    assert claims.hand_over() == []
    forward(timedelta(seconds=11))
    assert claims.hand_over() == [(MAIL, 3)]
    claims.handed_back(MAIL)
    assert claims.hand_over() == [(MAIL, 3)]


def test_queueing_costs_the_same_for_many_and_makes_none_twice(cast: Cast, provider: HttpSink) -> None:
    gateway(cast, provider)

    def cost(rows: int) -> int:
        wanted = [
            Notice(cast[name].pk, "stat", escalation=rung(cast, name))
            for name in ("ivan", "paula")
            for _ in range(rows)
        ]
        with CaptureQueriesContext(connection) as queries:
            notices.queue(wanted)
        before = Dispatch.objects.count()
        notices.queue(wanted)
        assert Dispatch.objects.count() == before
        return len(queries)

    assert cost(1) == cost(40) <= 6


def test_passing_on_costs_the_same_for_many(cast: Cast, provider: HttpSink) -> None:
    gateway(cast, provider)

    def cost(rows: int) -> int:
        failed = queue(cast, "asap", rows=rows)
        with CaptureQueriesContext(connection) as queries:
            notices.pass_on(failed, notices.next_ways(failed))
        return len(queries)

    assert cost(1) == cost(40) <= 6


def test_names_ids_only_in_log_and_task(
    cast: Cast, provider: HttpSink, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from carehub.delivery import sweeper

    _, secret = gateway(cast, provider)
    provider.behave("refuse")
    (row,) = queue(cast, "asap")
    asked: list[tuple[Any, ...]] = []

    def enqueue(task: Any, *ids: Any, expires: float) -> bool:
        asked.append(ids)
        return True

    monkeypatch.setattr(tasks, "enqueue", enqueue)
    with caplog.at_level(logging.DEBUG):
        sweeper.hand_over_notices()
        send(row.channel_id)

    assert asked == [(row.channel_id,)] * 2
    assert "not sent (status 404)" in caplog.text
    for word in (secret, secret.removeprefix("whsec_"), "123456", provider.url, cast.ivan.email, "Rosa"):
        assert word not in caplog.text


def test_is_cut_off_however_slowly_the_answer_trickles(
    cast: Cast, provider: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from carehub.delivery.transports import webhook

    gateway(cast, provider)
    monkeypatch.setattr(webhook, "SEND_SECONDS", 1.2)
    provider.behave("trickle")
    (row,) = queue(cast, "asap")

    began = time.monotonic()
    send(row.channel_id)

    row.refresh_from_db()
    assert time.monotonic() - began < 2.5
    assert (row.state, row.result) == ("queued", "too slow")


def test_is_cut_off_when_the_time_is_up_before_there_is_a_connection(
    cast: Cast, provider: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from carehub.delivery.transports import webhook

    gateway(cast, provider)
    monkeypatch.setattr(webhook, "SEND_SECONDS", 0.2)
    connect = HTTPConnection.connect

    def late(connection: Any) -> None:
        threading.Event().wait(0.4)
        connect(connection)

    monkeypatch.setattr(HTTPConnection, "connect", late)
    provider.behave("trickle")
    (row,) = queue(cast, "asap")

    began = time.monotonic()
    send(row.channel_id)

    row.refresh_from_db()
    assert time.monotonic() - began < 1.5
    assert (row.state, row.result) == ("queued", "too slow")
