"""Some weeks on Rosa's record, committed: one row at least of each kind that an invariant speaks of."""

import django

PAST = "2020-01-01T00:00:00Z"


def write() -> None:
    """Write it into a fresh copy of the seeded database."""
    from carehub.conditions.actions import answer_flag
    from carehub.delivery.actions import climb, close_incident
    from carehub.delivery.models import Incident
    from carehub.delivery.receipts import mark
    from carehub.directory.models import Membership, Person, Role
    from carehub.events.models import Delivery, Event
    from carehub.messaging.actions import post_message
    from carehub.plans.actions import progress_goal, revise_plan
    from carehub.plans.models import Goal
    from carehub.records.actions import add_team_member, end_membership
    from tests.access.books import URGENT_SLOWER, adopted, with_urgent
    from tests.actions.scenarios import definition, flagged, planned
    from tests.cast import load

    cast = load()
    record = cast.record.pk

    def acknowledge(person: Person) -> None:
        rows = Delivery.objects.filter(person=person, due_at__isnull=False, outcome=None)
        mark(person_id=person.pk, acknowledge=[row.n for row in rows if row.n])

    def silent(event: Event, person: Person, *, rung: int) -> None:
        found = Delivery.objects.filter(event=event, person=person)
        found.update(next_rung_at=PAST, rung=rung)
        climb(record_id=record, person_id=person.pk, event_id=event.pk)

    first = planned(cast)
    acknowledge(cast.paula)
    adopted(cast, with_urgent(**URGENT_SLOWER))
    changed = definition(
        goals=first.definition["goals"],
        interventions=[first.definition["interventions"][0] | {"frequency": "every two weeks"}],
    )
    revise_plan(by=cast.maya, record_id=record, base=1, definition=changed, rationale="TSH")
    flag = flagged(cast)
    answer_flag(by=cast.maya, record_id=record, flag_id=flag.pk, changes_plan=True, text="We go slower.")
    asked = {"mentioned_roles": ["nurse", "psychiatrist"], "asks_acknowledgement": True}
    message, other = (post_message(by=cast.maya, record_id=record, text=text, **asked) for text in ("One", "Two"))  # type: ignore[arg-type]
    add_team_member(by=cast.cora, record_id=record, person_id=cast.olga.pk, role=Role.PSYCHIATRIST)
    progress_goal(by=cast.nils, record_id=record, goal_id=Goal.objects.get().pk, achievement_status="improving")
    place = Membership.objects.get(record=record, person=cast.ivan)
    end_membership(by=cast.cora, record_id=record, membership_id=place.pk, reason="Moved away")

    silent(message.event, cast.nils, rung=2)
    silent(message.event, cast.nils, rung=5)
    silent(other.event, cast.nils, rung=5)
    closed = Incident.objects.get(event=other.event)
    close_incident(by=cast.cora, incident_id=closed.pk, reason="Told him by telephone.")


if __name__ == "__main__":
    django.setup()
    write()
