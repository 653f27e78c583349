"""Quiet hours, digest and time zone are ones own, checked, and hold for the next notice."""

from datetime import time
from typing import Any

import pytest

from carehub.audit.models import Entry
from carehub.delivery import notices
from carehub.delivery.models import Preference
from tests.cast import Cast

from .test_gateways import Caller

pytestmark = pytest.mark.quick

NIGHT = {"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "06:30", "digest_at": "07:15"}


def test_are_the_defaults_until_chosen(cast: Cast) -> None:
    maya = Caller(cast.maya)
    assert maya.get("/preferences").json() == {
        "time_zone": "UTC",
        "quiet_from": None,
        "quiet_until": None,
        "digest_at": "08:00",
    }

    answer = maya.post("/preferences", NIGHT)

    assert answer.json() == NIGHT == maya.get("/preferences").json()
    assert Caller(cast.ivan).get("/preferences").json()["quiet_from"] is None, "nobody else's"
    hours = notices.hours_of([cast.maya.pk, cast.ivan.pk])
    assert (hours[cast.maya.pk].zone.key, hours[cast.maya.pk].quiet_from) == ("Europe/Berlin", time(22))
    assert (hours[cast.ivan.pk].zone.key, hours[cast.ivan.pk].digest_at) == ("UTC", time(8))
    assert Entry.objects.filter(person_id=cast.maya.pk, verb="preferences.set").count() == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone"),
        ({"time_zone": "europe/berlin"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"time_zone": "Factory"}, "/time_zone"),
        ({"digest_at": "08:00\n"}, "/digest_at"),
        ({"quiet_from": "22:00\n"}, "/quiet_from"),
        ({"quiet_from": None}, "/quiet_from"),
        ({"quiet_until": None}, "/quiet_until"),
        ({"quiet_until": "22:00"}, "/quiet_until"),
        ({"quiet_from": "22:00+02:00"}, "/quiet_from"),
        ({"digest_at": "23:00"}, "/digest_at"),
        ({"digest_at": None}, "/digest_at"),
        ({"digest_at": "25:00"}, "/digest_at"),
        ({"weekends": True}, "/weekends"),
    ],
)
def test_are_refused_when_they_cannot_be_meant_and_nothing_is_written(
    cast: Cast, changes: dict[str, Any], pointer: str
) -> None:
    answer = Caller(cast.maya).post("/preferences", NIGHT | changes)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not Preference.objects.exists()
    cast.maya.refresh_from_db()
    assert cast.maya.time_zone == "UTC"


def test_quiet_hours_are_given_up_again(cast: Cast) -> None:
    maya = Caller(cast.maya)
    maya.post("/preferences", NIGHT)

    answer = maya.post("/preferences", NIGHT | {"quiet_from": None, "quiet_until": None, "digest_at": "23:00"})

    assert answer.status_code == 200
    assert Preference.objects.get().quiet_from is None
