"""WSGI for the HTTP half in production; sockets need ASGI."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from carehub.core.failpoints import refuse_unsafe_start  # noqa: E402

refuse_unsafe_start()
