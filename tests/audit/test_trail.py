import pytest
from django.db import DatabaseError, transaction

from carehub.audit import trail
from carehub.audit.models import Entry
from carehub.records.queries import open_one, timeline
from tests.cast import Cast
from tests.console.conftest import Browser, browser

pytestmark = pytest.mark.quick

__all__ = ["browser"]


def test_a_page_that_opens_a_record_leaves_one_line_with_its_patient(cast: Cast, browser: Browser) -> None:
    before = Entry.objects.count()

    browser("maya").get(f"/records/{cast.record.pk}")

    lines = Entry.objects.order_by("-id")[: Entry.objects.count() - before]
    mine = [line for line in lines if line.record_id == cast.record.pk]
    assert [(line.outcome, line.person_id, line.patient_ids) for line in mine] == [
        ("read", cast.maya.pk, [cast.record.patient_id])
    ]
    assert mine[0].address == "127.0.0.1"


def test_two_requests_leave_two_lines(cast: Cast) -> None:
    for _ in range(2):
        open_one(by=cast.maya, record_id=cast.record.pk)
    timeline(by=cast.maya, record_id=cast.record.pk)

    assert Entry.objects.filter(person_id=cast.maya.pk, outcome="read").count() == 3


def test_a_denied_attempt_is_written_and_a_loop_of_them_is_cut_off(cast: Cast) -> None:
    for _ in range(trail.DENIED_PER_MINUTE + 5):
        trail.denied(by=cast.otto.pk, reason="GET records/<uuid:record_id> not-found")

    assert Entry.objects.filter(person_id=cast.otto.pk, outcome="denied").count() == trail.DENIED_PER_MINUTE


def test_a_verb_without_words_cannot_be_written(cast: Cast) -> None:
    with pytest.raises(KeyError, match=r"add it to audit\.trail\.VERBS"):
        trail.wrote("record.burn", by=cast.maya.pk)


def test_a_line_can_be_neither_changed_nor_taken_away(cast: Cast) -> None:
    trail.wrote("record.open", by=cast.maya.pk)

    for change in (lambda: Entry.objects.update(verb="x"), lambda: Entry.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
