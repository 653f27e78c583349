"""Every route of the installation, read from its URLconf."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, order=True)
class Route:
    """One method of one address. `method` is empty for a view that decides about methods by itself."""

    path: str
    method: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}".strip()


@dataclass(frozen=True)
class Door:
    """What answers a route: for a class of the API its method, else the view function."""

    route: Route
    view: Any
    handler: Any

    @property
    def capability(self) -> object:
        """What it names as the condition on which it answers; None when it names nothing."""
        return getattr(self.handler, "capability", None) or getattr(self.view, "capability", None)


def doors(patterns: Sequence[URLPattern | URLResolver] | None = None, prefix: str = "/") -> Iterator[Door]:
    """Every door of the URLconf, or of these patterns."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from doors(pattern.url_patterns, path)
            continue
        view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if view is None:
            yield Door(Route(template(path)), pattern.callback, pattern.callback)
        for method in METHODS if view else ():
            if hasattr(view, method):
                yield Door(Route(template(path), method.upper()), view, getattr(view, method))


def template(path: str) -> str:
    """`/records/<uuid:record_id>` as `/records/{record_id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
