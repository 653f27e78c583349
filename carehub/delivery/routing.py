from django.urls import path, re_path

from .consumers import LiveConsumer, NothingHere

websocket_urlpatterns = [path("ws/v1/live", LiveConsumer.as_asgi()), re_path("", NothingHere.as_asgi())]
