import json
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.baselines.naive.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from asgiref.sync import async_to_sync  # noqa: E402
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

from .consumers import ChatConsumer  # noqa: E402
from .models import Message  # noqa: E402


def content_of(message: Message) -> dict[str, Any]:
    """What is sent: as much as CareHub's frame carries."""
    return {
        "kind": "event",
        "id": message.pk,
        "team": f"01990000-0002-7000-8000-{message.team_id:012d}",
        "type": "message.posted",
        "at": message.at.isoformat(),
        "author": {"id": f"01990000-0001-7000-8000-{message.author_id:012d}", "name": f"Person {message.author_id}"},
        "priority": "routine",
        "topic": "",
        "ground": "role",
        "state": "pending",
        "obligation": "inform",
        "text": message.text,
    }


def post_message(request: HttpRequest, team: int) -> HttpResponse:
    """Store the message and tell the group."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    message = Message.objects.create(team_id=team, author_id=request.user.pk, text=json.loads(request.body)["text"])
    event = {"type": "chat.message", "content": content_of(message)}
    async_to_sync(get_channel_layer().group_send)(f"team_{team}", event)
    return JsonResponse(event["content"], status=201)


def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [path("livez", live), path("teams/<int:team>/messages", post_message)]
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AuthMiddlewareStack(URLRouter([path("ws/chat", ChatConsumer.as_asgi())])),
    }
)
