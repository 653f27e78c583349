from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from .models import Acknowledgement


class ChatConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One socket of one person, in the group of each of his teams."""

    async def connect(self) -> None:
        self.user = self.scope["user"]
        if self.user.is_anonymous:
            await self.close()
            return
        self.teams = await self._teams()
        self.joined = [f"user_{self.user.pk}", *(f"team_{team}" for team in self.teams)]
        for group in self.joined:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        for group in getattr(self, "joined", ()):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        if content.get("kind") == "acknowledge":
            author = await self._acknowledge(content["id"])
            await self.channel_layer.group_send(
                f"user_{author}", {"type": "chat.receipt", "id": content["id"], "person": self.user.pk}
            )

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send_json(event["content"])

    async def chat_receipt(self, event: dict[str, Any]) -> None:
        await self.send_json({"kind": "receipt", "id": event["id"], "person": event["person"]})

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _teams(self) -> list[int]:
        return list(self.user.teams.values_list("pk", flat=True))

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def _acknowledge(self, id: int) -> int:
        made = Acknowledgement.objects.create(message_id=id, person=self.user)
        return int(made.message.author_id)
