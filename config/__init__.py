"""How the installation is put together: settings, addresses, ASGI and WSGI, Celery, the one error handler."""

from .celery import app as celery_app

__all__ = ["celery_app"]
