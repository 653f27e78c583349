from typing import Any
from uuid import UUID

import pytest

from carehub.core.errors import Conflict, InvalidInput, NotAllowed, NotVisible
from carehub.delivery.receipts import mark
from carehub.directory.models import CareRecord, Membership, PractitionerRole, Role
from carehub.events.models import Delivery, Event
from carehub.messaging.actions import post_message
from carehub.records.actions import add_team_member, end_membership
from carehub.records.queries import caseload, open_one, timeline
from tests.actions.scenarios import flagged, planned
from tests.cast import Cast

pytestmark = pytest.mark.quick


def place(cast: Cast, name: str) -> Membership:
    return Membership.objects.get(record=cast.record, person=cast[name], ended_at=None)


def join(cast: Cast, name: str, role: Role) -> Membership:
    return add_team_member(by=cast.cora, record_id=cast.record.pk, person_id=cast[name].pk, role=role)


def leave(cast: Cast, name: str, **options: Any) -> None:
    end_membership(by=cast.cora, record_id=cast.record.pk, membership_id=place(cast, name).pk, reason="x", **options)


def open_of(cast: Cast, name: str) -> set[str]:
    rows = Delivery.objects.filter(person=cast[name], due_at__isnull=False, outcome=None)
    return set(rows.values_list("event__type", flat=True))


def test_a_leaver_without_successor_leaves_his_open_obligations_to_the_care_manager(cast: Cast) -> None:
    revision = planned(cast)

    leave(cast, "ivan")

    assert open_of(cast, "ivan") == set()
    assert Delivery.objects.get(event=revision.event, person=cast.ivan).outcome == "handed_over"
    assert "plan.revised" in open_of(cast, "cora")


def test_who_was_only_informed_is_told_that_he_owes_it_as_successor(cast: Cast) -> None:
    revision = planned(cast)

    leave(cast, "ivan", successor_id=cast.nils.pk)

    row = Delivery.objects.get(event=revision.event, person=cast.nils)
    assert (row.obligation, row.ground) == ("acknowledge", "successor")


def test_when_the_care_manager_leaves_the_organizations_default_takes_over(cast: Cast) -> None:
    revision = planned(cast)

    leave(cast, "cora")

    record = CareRecord.objects.get(pk=cast.record.pk)
    assert record.care_manager == cast.dora
    assert Membership.objects.filter(record=record, person=cast.dora, role="coordinator", ended_at=None).exists()
    handed = Delivery.objects.get(event=revision.event, person=cast.dora)
    assert (handed.obligation, handed.ground) == ("acknowledge", "joining")


def test_somebody_who_comes_back_owes_what_he_left_unfinished(cast: Cast) -> None:
    revision = planned(cast)
    leave(cast, "ivan")

    join(cast, "ivan", Role.PSYCHIATRIST)

    row = Delivery.objects.get(event=revision.event, person=cast.ivan)
    assert (row.outcome, row.ground) == (None, "joining")
    numbers = Delivery.objects.filter(person=cast.ivan, n__isnull=False).order_by("n").values_list("n", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))


def test_two_places_of_one_person_make_one_row_with_both_roles(cast: Cast) -> None:
    PractitionerRole.objects.create(person=cast.nils, organization=cast.clinic, code=Role.SOCIAL_WORKER)
    join(cast, "nils", Role.SOCIAL_WORKER)

    revision = planned(cast)

    assert Delivery.objects.get(event=revision.event, person=cast.nils).roles == ["nurse", "social-worker"]
    end_membership(
        by=cast.cora,
        record_id=cast.record.pk,
        membership_id=Membership.objects.get(person=cast.nils, role="nurse", ended_at=None).pk,
        reason="x",
    )
    assert cast.record in caseload(by=cast.nils)


@pytest.mark.parametrize(
    ("name", "role", "error", "pointer"),
    [
        ("otto", Role.PSYCHIATRIST, InvalidInput, "/role"),
        ("otto", Role.PATIENT, InvalidInput, "/role"),
        ("maya", Role.THERAPIST, Conflict, None),
    ],
)
def test_a_place_that_cannot_be_is_refused(
    cast: Cast, name: str, role: Role, error: type[Exception], pointer: str | None
) -> None:
    with pytest.raises(error) as refused:
        join(cast, name, role)

    assert getattr(refused.value, "pointer", None) == pointer


def test_adding_is_refused_to_a_clinician_and_to_a_stranger(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        add_team_member(by=cast.maya, record_id=cast.record.pk, person_id=cast.otto.pk, role=Role.THERAPIST)
    with pytest.raises(NotVisible):
        add_team_member(by=cast.otto, record_id=cast.record.pk, person_id=cast.otto.pk, role=Role.THERAPIST)


def test_a_successor_who_is_not_on_the_team_is_refused(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as refused:
        leave(cast, "ivan", successor_id=cast.otto.pk)

    assert refused.value.pointer == "/successor_id"
    assert place(cast, "ivan").ended_at is None


def test_a_closed_record_takes_no_changes(cast: Cast) -> None:
    CareRecord.objects.filter(pk=cast.record.pk).update(status="closed")

    with pytest.raises(Conflict, match="This record is closed"):
        planned(cast)


def test_the_timeline_shows_only_what_its_reader_was_told(cast: Cast) -> None:
    planned(cast)

    assert "plan.revised" in {e.type for e in timeline(by=cast.rosa, record_id=cast.record.pk)}
    assert "plan.revised" not in {e.type for e in timeline(by=cast.carl, record_id=cast.record.pk)}
    page = timeline(by=cast.maya, record_id=cast.record.pk, limit=2)
    rest = timeline(by=cast.maya, record_id=cast.record.pk, before=page[-1].pk, limit=50)
    assert [e.pk for e in [*page, *rest]] == [e.pk for e in timeline(by=cast.maya, record_id=cast.record.pk)]


def test_the_caseload_counts_what_is_open_for_its_reader(cast: Cast) -> None:
    planned(cast)

    (record,) = caseload(by=cast.ivan)
    assert record.open_count == 1
    assert [r.open_count for r in caseload(by=cast.nils)] == [0]


def test_my_capabilities_are_those_of_my_roles_on_this_record(cast: Cast) -> None:
    opened = open_one(by=cast.cora, record_id=cast.record.pk)

    assert "team.manage" in opened.my_capabilities
    assert "plan.revise" not in opened.my_capabilities
    assert Event.objects.filter(record=cast.record).exists()


def hold(cast: Cast, event_id: UUID, name: str) -> Delivery:
    return Delivery.objects.get(event_id=event_id, person=cast[name])


def test_a_question_handed_to_somebody_who_had_only_acknowledged_it_is_owed_again(cast: Cast) -> None:
    flag = flagged(cast)
    (n,) = Delivery.objects.filter(event=flag.event, person=cast.nils).values_list("n", flat=True)
    mark(person_id=cast.nils.pk, acknowledge=[n or 0])

    leave(cast, "ivan", successor_id=cast.nils.pk)

    nils = hold(cast, flag.event_id, "nils")
    assert (nils.obligation, nils.asked_roles, nils.outcome) == ("answer", ["psychiatrist"], None)


def test_what_was_handed_over_can_be_handed_back(cast: Cast) -> None:
    message = post_message(
        by=cast.maya,
        record_id=cast.record.pk,
        text="Please read",
        mentioned_roles=["psychiatrist"],
        asks_acknowledgement=True,
    )
    leave(cast, "ivan", successor_id=cast.nils.pk)
    join(cast, "ivan", Role.PSYCHIATRIST)

    leave(cast, "nils", successor_id=cast.ivan.pk)

    assert hold(cast, message.event_id, "nils").outcome == "handed_over"
    assert hold(cast, message.event_id, "ivan").outcome is None


def test_who_keeps_only_a_role_that_may_not_read_hands_over_what_he_can_read_no_more(cast: Cast) -> None:
    PractitionerRole.objects.create(person=cast.nils, organization=cast.clinic, code=Role.PRIVACY_OFFICER)
    join(cast, "nils", Role.PRIVACY_OFFICER)
    flag = flagged(cast)

    end_membership(
        by=cast.cora,
        record_id=cast.record.pk,
        membership_id=Membership.objects.get(person=cast.nils, role="nurse", ended_at=None).pk,
        reason="Other duties",
    )

    assert hold(cast, flag.event_id, "nils").outcome == "handed_over"
    assert hold(cast, flag.event_id, "cora").obligation == "acknowledge"


def test_the_heir_catches_up_and_the_team_hears_of_him(cast: Cast) -> None:
    flag = flagged(cast, asked_roles=["pharmacist"])

    leave(cast, "cora")

    started = Event.objects.filter(record=cast.record, type="membership.started").latest("seq")
    assert started.body["person_name"] == "Dora"
    assert hold(cast, flag.event_id, "dora").obligation == "answer"


def test_a_second_role_brings_what_the_first_might_not_read(cast: Cast) -> None:
    PractitionerRole.objects.create(person=cast.olga, organization=cast.clinic, code=Role.ORGANIZATION_ADMIN)
    join(cast, "olga", Role.ORGANIZATION_ADMIN)
    flag = flagged(cast, severity="critical")
    assert hold(cast, flag.event_id, "olga").exclusion == "by role"

    join(cast, "olga", Role.PSYCHIATRIST)

    olga = hold(cast, flag.event_id, "olga")
    assert (olga.exclusion, olga.obligation, olga.asked_roles) == ("", "answer", ["psychiatrist"])


def test_a_care_manager_who_keeps_no_role_that_reads_gives_up_the_record(cast: Cast) -> None:
    PractitionerRole.objects.create(person=cast.cora, organization=cast.clinic, code=Role.PRIVACY_OFFICER)
    join(cast, "cora", Role.PRIVACY_OFFICER)
    revision = planned(cast)

    end_membership(
        by=cast.cora,
        record_id=cast.record.pk,
        membership_id=Membership.objects.get(
            record=cast.record, person=cast.cora, role="coordinator", ended_at=None
        ).pk,
        reason="Other duties",
    )

    assert CareRecord.objects.get(pk=cast.record.pk).care_manager == cast.dora
    assert hold(cast, revision.event_id, "cora").outcome == "handed_over"


def test_without_an_active_default_another_able_member_takes_over(cast: Cast) -> None:
    type(cast.dora).objects.filter(pk=cast.dora.pk).update(is_active=False)

    leave(cast, "cora")

    assert CareRecord.objects.get(pk=cast.record.pk).care_manager == cast.maya


def test_without_a_member_a_coordinator_of_the_organization_is_made_one_and_nobody_at_all_is_refused(
    cast: Cast,
) -> None:
    cast.clinic.default_care_manager = None
    cast.clinic.save()
    for name in ("maya", "ivan", "paula", "nils"):
        leave(cast, name)

    leave(cast, "cora")

    record = CareRecord.objects.get(pk=cast.record.pk)
    assert (record.care_manager, place(cast, "dora").role) == (cast.dora, "coordinator")
    PractitionerRole.objects.filter(code="coordinator").update(ended_at="2099-01-01T00:00:00Z")
    with pytest.raises(Conflict, match="nobody here or at the organization"):
        end_membership(
            by=cast.dora, record_id=cast.record.pk, membership_id=place(cast, "dora").pk, reason="Moves away"
        )


def test_a_default_who_has_left_the_organization_is_shown_no_record(cast: Cast) -> None:
    PractitionerRole.objects.filter(person=cast.dora).update(ended_at="2099-01-01T00:00:00Z")

    leave(cast, "cora")

    assert CareRecord.objects.get(pk=cast.record.pk).care_manager == cast.maya
    assert not Membership.objects.filter(record=cast.record, person=cast.dora).exists()
