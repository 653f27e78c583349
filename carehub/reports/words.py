"""Why somebody owes something, and what exactly, in the words that overseers read."""

from carehub.access.words import ground_of_debt
from carehub.directory.models import Role
from carehub.events.models import Delivery, Obligation

THINGS = {
    "plan.revised": "the treatment plan",
    "flag.raised": "the flag",
    "flag.answered": "the answer to the flag",
    "message.posted": "the message",
    "membership.ended": "that somebody left the team",
    "incident.opened": "the incident",
    "cover.missing": "that nobody covers a role",
}
"""What is to be acknowledged or answered; completes "to acknowledge ..."."""


def why(row: Delivery) -> str:
    """`asked as psychiatrist to answer the flag`: the ground of a row of `uncommunicated`, and what it asks for."""
    verb = "answer" if row.obligation == Obligation.ANSWER else "acknowledge"
    return f"{_ground(row)} to {verb} {THINGS.get(row.event.type, 'the event')}"


def _ground(row: Delivery) -> str:
    asked, held = _in_words(row.asked_roles), _in_words(row.roles)
    match row.ground:
        case "asked":
            return f"asked as {asked or held}"
        case "nobody_in_role" if asked:
            return f"asked as care manager, because nobody on the team is {asked},"
        case "role" if held:
            return f"as {held},"
    ground = ground_of_debt(row.ground)
    return f"{ground.removesuffix(',')}, as {asked}," if asked else ground


def _in_words(codes: list[str]) -> str:
    labels = [str(Role(code).label) if code in Role.values else code for code in codes]
    return " and ".join(label[0].lower() + label[1:] for label in labels)
