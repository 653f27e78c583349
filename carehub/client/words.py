"""Events in a sentence, for feeds of plain text. Nothing clinical: only who did what sort of thing."""

from carehub.client.frames import Event

_DEEDS = {
    "record.opened": "opened the record",
    "membership.started": "added somebody to the team",
    "membership.ended": "ended a place on the team",
    "plan.revised": "revised the treatment plan",
    "goal.progressed": "recorded progress on a goal",
    "flag.raised": "raised a medical flag",
    "flag.answered": "answered a medical flag",
    "message.posted": "wrote a message",
    "event.unrenderable": "did something that this server cannot show yet",
}
PRESSING = {"stat": "now", "asap": "within hours", "urgent": "today"}
"""Priorities that are worth a mark, in the console's words."""

_WITHOUT_AUTHOR = {
    "obligation.escalated": "Somebody has not answered in time",
    "cover.missing": "Nobody will cover a role on a team",
}


def sentence(event: Event) -> str:
    """Who did what: "Dr Adler revised the treatment plan". A newer server's types are shown by name."""
    if event.type in _WITHOUT_AUTHOR:
        return _WITHOUT_AUTHOR[event.type]
    who = printable(event.author.name) if event.author else "CareHub"
    if event.type in _DEEDS:
        return f"{who} {_DEEDS[event.type]}"
    return f"{who}: {printable(event.type).replace('.', ' ').replace('_', ' ')}"


def printable(text: str) -> str:
    """The text without what could steer a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
