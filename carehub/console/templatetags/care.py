"""Words and times in templates."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from carehub.directory.models import Role
from carehub.plans.models import Goal

from .. import charts, words
from ..forms import State

register = template.Library()

_ABOUT_DAYS = ("Review date: ", "Due date of ")
_ISO_DAY = re.compile(r"(?:(?<=: )|(?<=was ))\d{4}-\d{2}-\d{2}(?= \(was |\)$)")


@register.filter
def role_label(code: str) -> str:
    """`Primary-care physician` for a role's code."""
    return str(Role(code).label) if code in Role.values else code


@register.filter
def role_labels(codes: list[str]) -> str:
    """`Nurse and Psychiatrist`."""
    labels = [role_label(code) for code in codes]
    return " and ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else "".join(labels)


@register.filter
def achievement(code: str) -> str:
    """`Improving` for a goal's achievement status."""
    return str(Goal.Achievement(code).label) if code in Goal.Achievement.values else code


@register.filter
def state_words(code: str) -> str:
    """`received, not seen yet`."""
    return words.STATE_WORDS.get(code, code)


@register.filter
def priority_words(code: str) -> str:
    """`within hours` for asap."""
    return words.PRIORITY_WORDS.get(code, code)


@register.filter
def ground_words(code: str) -> str:
    """`you are mentioned`: completes "Because ..."."""
    return words.ground_of_mine(code)


@register.filter
def ground_of_another(code: str) -> str:
    """`mentioned`."""
    return words.ground_of_another(code)


@register.filter
def title_of(event_type: str) -> str:
    """`Treatment plan` for plan.revised."""
    return words.title(event_type)


@register.filter
def get(mapping: Mapping[Any, Any], key: Any) -> Any:
    """A mapping's value, or None."""
    return mapping.get(key)


@register.filter
def signs(text: str) -> str:
    """Comparators and days as they are printed: `≤`, `≥`, `Review date: 3 December 2026 (was none)`."""
    text = text.replace("<=", "≤").replace(">=", "≥")
    return _ISO_DAY.sub(lambda found: day(found[0]), text) if text.startswith(_ABOUT_DAYS) else text


@register.filter
def cell(kind: str, index: int) -> str:
    """`goal-2-`: the beginning of a control's id in a row of the plan's form."""
    return f"{kind}-{index}-"


@register.filter
def who(person_id: object, role: str) -> str:
    """A person in a role as one value of a choice."""
    return f"{person_id} {role}"


@register.filter(name="words")
def split(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


@register.filter
def length_of(seconds: float | None) -> str:
    """`3 h 20 min`; a dash for none."""
    return charts.length(seconds)


@register.filter
def day(value: date | str | None) -> str:
    """`3 December 2026`."""
    if not value:
        return ""
    when = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{when.day} {when:%B %Y}"


@register.simple_tag(takes_context=True)
def form_state(context: template.Context, name: str, id: object = "") -> State:
    """The form of that name (of that thing) as it was typed, or a blank one with a key of its own."""
    forms: Mapping[str, State] = context.get("forms") or {}
    return forms.get(f"{name}-{id}" if id else name) or State()


@register.simple_tag
def ago(moment: datetime, now: datetime) -> SafeString:
    """`3 hours ago`, with the exact local time as title; live.js keeps it true."""
    return _time(moment, words.relative(moment, now), "relative")


@register.simple_tag
def due(moment: datetime, now: datetime) -> SafeString:
    """`due in 3 hours` or `overdue by 1 day`, with the exact local time as title."""
    return _time(moment, words.due(moment, now), "due", " is-overdue" if moment <= now else "")


@register.simple_tag
def pips(acknowledged: int, seen: int, received: int, total: int) -> list[str]:
    """One word for each recipient, furthest first, for the meter; at most 24."""
    states = (
        ["done"] * acknowledged
        + ["seen"] * max(0, seen - acknowledged)
        + ["received"] * max(0, received - max(seen, acknowledged))
    )
    return (states + ["pending"] * max(0, total - len(states)))[:24]


@register.simple_tag
def moment(at: datetime) -> SafeString:
    """`Mon 23 Nov, 18:00` in the reader's zone."""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({local.tzname()})",
        f"{local:%a} {local.day} {local:%b, %H:%M}",
    )


def _time(moment: datetime, text: str, kind: str, more: str = "") -> SafeString:
    local = timezone.localtime(moment)
    exact = f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({local.tzname()})"
    return format_html(
        '<time class="when{}" datetime="{}" title="{}" data-{}>{}</time>', more, local.isoformat(), exact, kind, text
    )
