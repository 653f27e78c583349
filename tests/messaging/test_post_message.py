import pytest

from carehub.core.errors import InvalidInput, NotAllowed, NotVisible
from carehub.directory.models import Person
from carehub.messaging.actions import post_message
from carehub.messaging.models import Message
from tests.cast import Cast

pytestmark = pytest.mark.quick


def post(cast: Cast, by: Person, **options: object) -> Message:
    return post_message(by=by, record_id=cast.record.pk, text="Hello", **options)  # type: ignore[arg-type]


def test_is_refused_to_someone_off_the_team(cast: Cast) -> None:
    with pytest.raises(NotVisible):
        post(cast, cast.otto)


def test_is_refused_to_the_patient_and_the_caregiver(cast: Cast) -> None:
    for person in (cast.rosa, cast.carl):
        with pytest.raises(NotAllowed):
            post(cast, person)


def test_mentioning_somebody_who_would_not_see_it_is_refused(cast: Cast) -> None:
    for id in (cast.otto.pk, cast.rosa.pk):
        with pytest.raises(InvalidInput) as refused:
            post(cast, cast.maya, mentioned_ids=[id])
        assert refused.value.pointer == "/mentioned_ids/0"
    with pytest.raises(InvalidInput, match="Held here: coordinator, nurse"):
        post(cast, cast.maya, mentioned_roles=["pharmacist"])


def test_asking_nobody_to_acknowledge_is_refused(cast: Cast) -> None:
    with pytest.raises(InvalidInput):
        post(cast, cast.maya, asks_acknowledgement=True)


def test_all_messages_of_a_record_share_its_one_thread(cast: Cast) -> None:
    assert post(cast, cast.maya).thread_id == post(cast, cast.ivan).thread_id
