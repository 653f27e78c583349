import msgspec

from carehub.events.models import Delivery
from carehub.plans.actions import revise_plan
from carehub.plans.definition import PlanDefinition
from tests.cast import PLAN, Cast


def plan(**changes: object) -> PlanDefinition:
    return msgspec.convert(PLAN | changes, type=PlanDefinition, strict=False)


def test_tells_each_active_member_exactly_once(cast: Cast) -> None:
    revision = revise_plan(by=cast.maya, record_id=cast.record.pk, base=0, definition=plan(), rationale="First plan")

    rows = {d.person.name: d for d in Delivery.objects.filter(event=revision.event).select_related("person")}
    assert {name: (d.obligation, d.ground, d.exclusion) for name, d in rows.items()} == {
        "Maya": ("none", "author", ""),
        "Ivan": ("acknowledge", "role", ""),
        "Paula": ("acknowledge", "role", ""),
        "Cora": ("acknowledge", "care_manager", ""),
        "Nils": ("inform", "role", ""),
        "Rosa": ("inform", "role", ""),
        "Carl": ("none", "", "by role"),
    }
