import pytest

from carehub.conditions.actions import NotAsked, answer_flag
from carehub.conditions.models import Flag
from carehub.core.errors import InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import Membership, Role
from carehub.events.models import Delivery
from carehub.records.actions import add_team_member, end_membership
from tests.actions.scenarios import flagged
from tests.cast import Cast

pytestmark = pytest.mark.quick


def row(flag: Flag, cast: Cast, name: str) -> Delivery:
    return Delivery.objects.get(event=flag.event, person=cast[name])


def answer(flag: Flag, cast: Cast, name: str) -> None:
    answer_flag(by=cast[name], record_id=cast.record.pk, flag_id=flag.pk, changes_plan=False, text="No.")


def test_an_answer_ends_the_obligation_of_the_one_who_gave_it(cast: Cast) -> None:
    flag = flagged(cast)

    answer(flag, cast, "maya")

    assert row(flag, cast, "maya").outcome == "answered"
    assert (row(flag, cast, "ivan").obligation, row(flag, cast, "ivan").outcome) == ("answer", None)


def test_the_first_holder_of_a_role_answers_for_it_and_the_others_then_acknowledge(cast: Cast) -> None:
    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)
    flag = flagged(cast)

    answer(flag, cast, "olga")

    ivan = row(flag, cast, "ivan")
    assert (ivan.obligation, ivan.outcome) == ("acknowledge", None)
    assert ivan.due_at is not None
    with pytest.raises(NotAsked):
        answer(flag, cast, "ivan")


def test_a_role_that_nobody_holds_is_asked_of_the_care_manager(cast: Cast) -> None:
    flag = flagged(cast, asked_roles=["pharmacist"])

    cora = row(flag, cast, "cora")
    assert (cora.obligation, cora.ground, cora.asked_roles) == ("answer", "nobody_in_role", ["pharmacist"])


def test_answering_is_refused_to_someone_who_was_not_asked(cast: Cast) -> None:
    flag = flagged(cast)

    with pytest.raises(NotAsked):
        answer(flag, cast, "nils")


def test_answering_twice_is_refused(cast: Cast) -> None:
    flag = flagged(cast)
    answer(flag, cast, "maya")

    with pytest.raises(NotAsked):
        answer(flag, cast, "maya")


def test_a_flag_of_another_record_is_not_visible(cast: Cast) -> None:
    flag = flagged(cast)

    with pytest.raises(NotVisible):
        answer_flag(by=cast.otto, record_id=cast.other_record.pk, flag_id=flag.pk, changes_plan=False, text="x")


def test_raising_is_refused_to_the_patient_and_the_coordinator(cast: Cast) -> None:
    for name in ("rosa", "cora"):
        with pytest.raises(NotAllowed):
            flagged(cast_as(cast, paula=name))


def cast_as(cast: Cast, *, paula: str) -> Cast:
    from dataclasses import replace

    return replace(cast, paula=cast[paula])


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"asked_roles": []}, "/asked_roles"),
        ({"question": ""}, "/question"),
        ({"asked_roles": ["patient"]}, "/asked_roles/0"),
        ({"asked_roles": ["therapist", "wizard"]}, "/asked_roles/1"),
    ],
)
def test_a_question_without_askable_roles_is_refused_with_a_pointer(
    cast: Cast, changes: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        flagged(cast, **changes)

    assert refused.value.pointer == pointer
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    ("severity", "priority"), [("low", "routine"), ("moderate", "urgent"), ("high", "asap"), ("critical", "stat")]
)
def test_severity_sets_the_priority(cast: Cast, severity: str, priority: str) -> None:
    assert flagged(cast, severity=severity).event.priority == priority


def test_a_late_joiner_catches_up_with_what_is_still_asked(cast: Cast) -> None:
    flag = flagged(cast, severity="critical")

    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)

    olga = row(flag, cast, "olga")
    assert (olga.obligation, olga.ground, olga.asked_roles) == ("answer", "joining", ["psychiatrist"])
    assert olga.due_at is not None
    joined_at = Membership.objects.get(record=cast.record, person=cast.olga).started_at
    assert 7.9 < (olga.due_at - joined_at).total_seconds() / 3600 < 8.1, "a joiner is pressed no more than urgently"


def test_a_late_joiner_is_not_asked_what_the_role_has_answered(cast: Cast) -> None:
    flag = flagged(cast)
    answer(flag, cast, "ivan")

    add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)

    assert row(flag, cast, "olga").obligation == "acknowledge"


def test_the_leaver_hands_an_open_question_to_the_successor(cast: Cast) -> None:
    flag = flagged(cast)
    place = Membership.objects.get(record=cast.record, person=cast.ivan)

    end_membership(
        by=cast.ivan, record_id=cast.record.pk, membership_id=place.pk, reason="Moves away", successor_id=cast.nils.pk
    )

    ivan, nils = row(flag, cast, "ivan"), row(flag, cast, "nils")
    assert (ivan.outcome, ivan.outcome_by_id) == ("handed_over", cast.nils.pk)
    assert (nils.obligation, nils.asked_roles, nils.outcome) == ("answer", ["psychiatrist"], None)
    answer(flag, cast, "nils")
