"""ASGI: pages and API through Django, the live socket through Channels' router."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from carehub.core.failpoints import refuse_unsafe_start  # noqa: E402
from carehub.delivery.routing import websocket_urlpatterns  # noqa: E402
from config.daphne import close_sockets_properly  # noqa: E402

refuse_unsafe_start()
close_sockets_properly()

application = ProtocolTypeRouter({"http": django_application, "websocket": URLRouter(websocket_urlpatterns)})
