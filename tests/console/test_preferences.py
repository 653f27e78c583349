"""How I am reached: the page says what holds, saves what is chosen, and keeps what was typed wrong."""

from uuid import uuid4

import pytest

from carehub.delivery.models import Channel, ContactPoint, Gateway, Preference
from tests.cast import Cast

from .conftest import Browser

pytestmark = pytest.mark.quick

NIGHT = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "06:30", "digest_at": "07:15"}


def keyed(**fields: str) -> dict[str, str]:
    return {"key": str(uuid4())} | fields


def gateway(cast: Cast) -> Gateway:
    channel = Channel.objects.create(transport="webhook")
    return Gateway.objects.create(
        organization=cast.clinic, channel=channel, name="Pagers", url="https://pagers.example.org/", secret="whsec_"
    )


def test_saves_quiet_hours_and_shows_them(cast: Cast, browser: Browser) -> None:
    maya = browser("maya")
    assert "None is connected where you work" in maya.get("/preferences").content.decode()

    saved = maya.post("/preferences", keyed(**NIGHT), follow=True)

    text = saved.content.decode()
    assert "It holds from the next notice on." in text
    assert 'value="22:00"' in text
    assert "<option selected>Europe/Berlin</option>" in text
    assert Preference.objects.get().person == cast.maya


def test_keeps_what_was_typed_and_says_what_is_wrong(cast: Cast, browser: Browser) -> None:
    answer = browser("maya").post("/preferences", keyed(**NIGHT | {"digest_at": "23:00"}))

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "The digest would fall into the quiet hours." in text
    assert 'value="22:00"' in text
    assert not Preference.objects.exists()


def test_adds_and_removes_a_contact_point_once(cast: Cast, browser: Browser) -> None:
    ivan, way, form = browser("ivan"), gateway(cast), keyed(value="+49 30 123456", rank="1")
    form["gateway_id"] = str(way.pk)

    for _ in range(2):
        assert ivan.post("/preferences/contact-points", form).status_code == 302
    point = ContactPoint.objects.get()
    assert "<strong>+4930123456</strong>" in ivan.get("/preferences").content.decode()
    assert browser("maya").post(f"/preferences/contact-points/{point.pk}/remove", keyed()).status_code == 404
    removed = ivan.post(f"/preferences/contact-points/{point.pk}/remove", keyed(), follow=True).content.decode()

    assert "Removed." in removed
    assert "<strong>+4930123456</strong>" not in removed
    wrong = ivan.post("/preferences/contact-points", keyed(gateway_id=str(way.pk), value="+0"))
    assert (wrong.status_code, 'value="+0"' in wrong.content.decode()) == (422, True)
