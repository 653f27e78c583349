import pytest

from carehub.access.capabilities import AT_ORGANIZATION, Capability
from carehub.access.policy import can, find_organization, require, workplaces
from carehub.access.roles import CARE_MANAGER
from carehub.core.clock import now
from carehub.core.errors import NotAllowed, NotVisible
from carehub.directory.models import Organization, PractitionerRole, Role
from tests.cast import Cast

pytestmark = pytest.mark.quick


def test_the_matrix_answers_for_an_organization_by_where_one_works(cast: Cast) -> None:
    assert require(cast.cora, Capability.COVER_MANAGE, cast.clinic) == [Role.COORDINATOR]
    assert can(cast.maya, Capability.COVER_READ, cast.clinic)
    with pytest.raises(NotAllowed, match="As therapist here you may not keep shifts"):
        require(cast.maya, Capability.COVER_MANAGE, cast.clinic)


def test_an_organization_where_one_does_not_work_is_absent(cast: Cast) -> None:
    elsewhere = Organization.objects.create(name="Next door")

    for person in (cast.cora, cast.rosa, cast.carl):
        with pytest.raises(NotVisible):
            require(person, Capability.COVER_READ, elsewhere)
    with pytest.raises(NotVisible):
        require(cast.rosa, Capability.COVER_READ, cast.clinic)


def test_an_employment_that_has_ended_gives_nothing(cast: Cast) -> None:
    PractitionerRole.objects.filter(person=cast.cora).update(ended_at=now())

    assert not can(cast.cora, Capability.COVER_MANAGE, cast.clinic)


def test_an_employment_opens_no_record_and_a_place_on_a_team_opens_no_organization(cast: Cast) -> None:
    other = cast.other_record

    assert not can(cast.cora, Capability.RECORD_READ, other)
    assert can(cast.rosa, Capability.RECORD_READ, cast.record)
    assert not can(cast.rosa, Capability.RULES_READ, cast.clinic)


def test_a_care_manager_manages_a_record_and_nothing_of_its_organization() -> None:
    assert frozenset() == CARE_MANAGER & AT_ORGANIZATION


def test_an_organization_that_is_closed_is_as_one_that_is_absent(cast: Cast) -> None:
    assert list(workplaces(cast.maya)) == [cast.clinic]

    Organization.objects.filter(pk=cast.clinic.pk).update(is_active=False)

    assert list(workplaces(cast.maya)) == []
    with pytest.raises(NotVisible):
        find_organization(cast.maya, Capability.RULES_READ, cast.clinic.pk)
