"""Write to the team."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from carehub.access.audience import audience, team
from carehub.access.capabilities import Capability
from carehub.access.policy import capabilities_of, lock_to_change
from carehub.audit import trail
from carehub.core.errors import InvalidInput
from carehub.core.ids import new_id
from carehub.directory.models import CareRecord, Person, Role
from carehub.events.catalogue import MessagePosted, Priority
from carehub.events.publish import publish

from .models import Message, Thread


@transaction.atomic
def post_message(
    *,
    by: Person,
    record_id: UUID,
    text: str,
    priority: Priority = "routine",
    mentioned_ids: Sequence[UUID] = (),
    mentioned_roles: Sequence[str] = (),
    asks_acknowledgement: bool = False,
) -> Message:
    """Post to the record's team thread. Those mentioned must acknowledge if the writer asks; others are informed.

    Raises NotVisible, NotAllowed, and InvalidInput for a mention of somebody who would not see the message, or a
    request to acknowledge that mentions nobody.
    """
    record = lock_to_change(by, Capability.MESSAGE_POST, record_id)
    _refuse_unreachable(record, mentioned_ids, mentioned_roles)
    if asks_acknowledgement and not (mentioned_ids or mentioned_roles):
        raise InvalidInput(
            "Mention at least one person or role whose acknowledgement you ask for.",
            pointer="/mentioned_roles",
        )
    thread, _ = Thread.objects.get_or_create(record=record, kind="team")
    event_id = new_id()
    message = Message.objects.create(
        thread=thread,
        event_id=event_id,
        author=by,
        text=text,
        priority=priority,
        mentioned_ids=list(mentioned_ids),
        mentioned_roles=list(mentioned_roles),
        asks_acknowledgement=asks_acknowledgement,
    )
    trail.wrote("message.post", by=by.pk, record_id=record.pk, patient_id=record.patient_id, on=message.pk)
    fact = MessagePosted(
        thread_id=thread.pk,
        message_id=message.pk,
        text=text,
        priority=priority,
        mentioned_ids=list(mentioned_ids),
        mentioned_roles=list(mentioned_roles),
        asks_acknowledgement=asks_acknowledgement,
    )
    publish(fact, id=event_id, to=audience(record, fact, by=by.pk))
    return message


def _refuse_unreachable(record: CareRecord, ids: Sequence[UUID], roles: Sequence[str]) -> None:
    readers = [
        member
        for member in team(record)
        if Capability.MESSAGE_READ in capabilities_of(member.roles, is_care_manager=member.is_care_manager)
    ]
    reachable = {member.person_id for member in readers}
    held = sorted({role.value for member in readers for role in member.roles})
    for index, id in enumerate(ids):
        if id not in reachable:
            raise InvalidInput(
                "This person would not see the message: not on the team, or not by role.",
                pointer=f"/mentioned_ids/{index}",
            )
    for index, role in enumerate(roles):
        if role not in Role.values or role not in held:
            raise InvalidInput(
                f"Nobody who reads this thread holds this role. Held here: {', '.join(held)}.",
                pointer=f"/mentioned_roles/{index}",
            )
