"""A provider that hangs delays nobody else, and a worker that dies delays its notice by a minute at most."""

import time
from collections.abc import Iterator, Mapping

import pytest

from carehub.delivery.models import MAIL
from tests.servers import Installation, wait_until
from tests.sinks import HttpSink, SmtpSink

pytestmark = pytest.mark.slow

GATEWAY = """
WITH c AS (INSERT INTO delivery_channel (id, transport, failures)
           VALUES (gen_random_uuid(), 'webhook', 0) RETURNING id),
     g AS (INSERT INTO delivery_gateway (id, organization_id, channel_id, name, url, secret, previous_secret)
           SELECT gen_random_uuid(), o.id, c.id, gen_random_uuid()::text, %s, 'whsec_AAAA', ''
             FROM directory_organization o, c RETURNING id)
INSERT INTO delivery_contactpoint (id, person_id, gateway_id, value, rank)
SELECT gen_random_uuid(), p.id, g.id, '+4930123456', 1 FROM directory_person p, g WHERE p.name = 'Ivan'
RETURNING id
"""
NOTICES = """
INSERT INTO delivery_dispatch (id, person_id, transport, channel_id, contact_point_id, is_test, state, attempts,
                               round, priority, is_digest, result)
SELECT gen_random_uuid(), p.id, %(transport)s, %(channel)s, %(point)s, true, 'queued', 0, 0, 'urgent', false, ''
  FROM directory_person p, generate_series(1, %(rows)s) WHERE p.name = 'Ivan'
"""
SENT = "SELECT count(*) FROM delivery_dispatch WHERE transport = %s AND state = 'sent'"


@pytest.fixture
def smtp() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def environment(smtp: SmtpSink) -> Mapping[str, str]:
    return {"EMAIL_URL": smtp.url, "WEBHOOK_NETWORKS": "127.0.0.0/8"}


def queue_mail(house: Installation, rows: int) -> None:
    house.execute(NOTICES, {"transport": "mail", "channel": MAIL, "point": None, "rows": rows})


def connect(house: Installation, sink: HttpSink) -> tuple[object, object]:
    """A gateway where Ivan has a contact point: its channel, and that."""
    house.execute(GATEWAY, [sink.url])
    ((channel, point),) = house.rows(
        "SELECT g.channel_id, p.id FROM delivery_contactpoint p JOIN delivery_gateway g ON g.id = p.gateway_id"
        " WHERE g.url = %s",
        [sink.url],
    )
    return channel, point


def queue_webhooks(house: Installation, sink: HttpSink, rows: int) -> None:
    channel, point = connect(house, sink)
    house.execute(NOTICES, {"transport": "webhook", "channel": channel, "point": point, "rows": rows})


def test_three_hanging_gateways_with_500_due_notices_delay_neither_mail_nor_a_fourth(
    house: Installation, smtp: SmtpSink, environment: Mapping[str, str]
) -> None:
    worker = house.worker(environment=environment)
    wait_until(lambda: "ready." in worker.tail(), 60, worker.log)
    with HttpSink() as one, HttpSink() as two, HttpSink() as three, HttpSink() as healthy:
        for sink in (one, two, three):
            sink.behave("hang")
            queue_webhooks(house, sink, 500 // 3 + 1)
        sweeper = house.sweeper(environment=environment)
        wait_until(lambda: one.asked and two.asked and three.asked, 30, worker.log)

        began = time.monotonic()
        queue_mail(house, 40)
        queue_webhooks(house, healthy, 20)
        wait_until(lambda: house.rows(SENT, ["mail"]) == [(40,)], 20, worker.log)
        took = time.monotonic() - began
        wait_until(lambda: len(healthy.got) == 20, 20, sweeper.log)
        print(f"mail after {took:.1f} s, the healthy gateway after {time.monotonic() - began:.1f} s")

        wait_until(lambda: one.asked >= 3, 60, worker.log)
        asked = house.rows("SELECT max(n) FROM (SELECT count(*) AS n FROM delivery_dispatch"
                           " WHERE state = 'claimed' AND transport = 'webhook' GROUP BY channel_id) AS t")  # fmt: skip
        assert asked[0][0] is None or asked[0][0] <= 2
        worker.kill()
    assert took < 10
    assert len({mail.key for mail in smtp.got}) == 40 == len(smtp.got)


def test_a_notice_whose_worker_was_killed_leaves_within_a_minute_under_the_same_key(
    house: Installation, smtp: SmtpSink, environment: Mapping[str, str]
) -> None:
    house.sweeper(environment=environment)
    queue_mail(house, 1)
    doomed = house.worker(environment={**environment, "CAREHUB_FAILPOINT": "after_send_before_mark:kill9"})
    wait_until(lambda: not doomed.is_running(), 60, doomed.log)

    began = time.monotonic()
    worker = house.worker(environment=environment)
    wait_until(lambda: house.rows(SENT, ["mail"]) == [(1,)], 60, worker.log)

    assert time.monotonic() - began < 60
    assert len(smtp.got) == 2
    assert len({mail.key for mail in smtp.got}) == 1
