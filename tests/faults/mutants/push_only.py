"""The hub believes its hints and never scans: what was not heard is not sent."""

from carehub.delivery import hub
from config.asgi import application

__all__ = ["application"]

hub.SCAN_SECONDS = 3600.0
