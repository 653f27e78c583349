"""What people type, as the types that actions take. A form that does not fit says in words which field and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from django.http import QueryDict
from msgspec import Meta

from carehub.conditions.models import Category, Severity
from carehub.core.errors import CareHubError, InvalidInput
from carehub.core.fields import Code, LongText, OptionalText, ShortText
from carehub.events.catalogue import Priority

from .pages import fresh_key

Form = TypeVar("Form", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class State:
    """A form as it is shown: blank, or as it was typed with what is wrong."""

    typed: Mapping[str, object] = field(default_factory=dict)
    refusal: CareHubError | None = None
    key: str = field(default_factory=fresh_key)

    @property
    def status(self) -> int:
        """The status of a page that shows it."""
        return self.refusal.status if self.refusal else 200

    @property
    def wrong(self) -> str:
        """The name of the field that needs another look."""
        return (self.refusal.pointer or "").split("/")[-1] if self.refusal else ""

    def all(self, name: str) -> list[str]:
        """Every value of a repeated field."""
        return self.typed.getlist(name) if isinstance(self.typed, QueryDict) else []

    @property
    def mentioned_roles(self) -> list[str]:
        """The ticked roles of a message."""
        return self.all("mentioned_roles")

    @property
    def asked_roles(self) -> list[str]:
        """The ticked roles of a flag."""
        return self.all("asked_roles")


class Typed(msgspec.Struct, kw_only=True):
    """Base of forms. A field that was left empty is as good as absent."""


class PostMessage(Typed):
    text: LongText
    priority: Priority = "routine"
    mentioned_roles: list[str] = []
    mentioned_ids: list[UUID] = []
    asks_acknowledgement: bool = False


class RaiseFlag(Typed):
    system: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S+$")]
    code: Code
    display: ShortText
    severity: Severity
    category: Category = "clinical"
    note: OptionalText = ""
    question: OptionalText = ""
    asked_roles: list[str] = []


class CloseIncident(Typed):
    reason: LongText


class AnswerFlag(Typed):
    changes_plan: Literal["yes", "no"]
    text: LongText


class ProgressGoal(Typed):
    achievement_status: str
    note: OptionalText = ""


class AddMember(Typed):
    who: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} [a-z-]+$")]
    purpose: Annotated[str, Meta(max_length=200)] = ""


class EndMembership(Typed):
    reason: LongText
    successor_id: UUID | None = None


class AddShift(Typed):
    who: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} [a-z-]+$")]
    kind: Literal["duty", "on-call"]
    starts: str
    ends: str
    time_zone: str


class GoAway(Typed):
    starts: str
    ends: str
    time_zone: str
    person_id: UUID | None = None
    delegate_id: UUID | None = None


LABELS = {
    "text": "The text",
    "display": "The name of the condition",
    "system": "The code system",
    "changes_plan": "Yes or no",
    "who": "Who",
    "starts": "From when",
    "ends": "Until when",
    "achievement_status": "The status",
}

_LISTS = frozenset({"mentioned_roles", "mentioned_ids", "asked_roles"})
_SENTENCES = (
    (r"missing required field `(?P<field>\w+)`", "is missing."),
    (r"length >= 1\b", "is missing."),
    (r"length <= (?P<limit>\d+)", "is longer than {limit} characters."),
    (r"matching regex", "is not of the form that is needed."),
    (r"Invalid enum value|Expected", "is not one of the choices."),
)


def read(post: QueryDict, form: type[Form]) -> Form:
    """The form that was sent. Raises InvalidInput, in words, with the field's name as pointer."""
    refuse_nul(post)
    given: dict[str, Any] = {}
    for name in form.__struct_fields__:
        if name in _LISTS:
            given[name] = post.getlist(name)
        elif text := post.get(name, "").strip().replace("\r\n", "\n"):
            given[name] = text
    try:
        return msgspec.convert(given, type=form, strict=False)
    except msgspec.ValidationError as error:
        raise _in_words(str(error)) from None


def refuse_nul(post: QueryDict) -> None:
    """Raises InvalidInput for the one character that PostgreSQL cannot store."""
    if any("\x00" in value for _, values in post.lists() for value in values):
        raise InvalidInput("The character U+0000 is not allowed in text.", pointer="")


def _in_words(error: str) -> InvalidInput:
    sentence, _, path = error.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    for pattern, words in _SENTENCES:
        if found := re.search(pattern, sentence):
            field = field or found.groupdict().get("field", "")
            label = LABELS.get(field, field.replace("_", " ").capitalize() or "The form")
            return InvalidInput(f"{label} {words.format(**found.groupdict())}", pointer=field)
    return InvalidInput(f"{sentence}.", pointer=field)
