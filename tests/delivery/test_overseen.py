"""Who oversees a record hears that something moved there, and nobody else does."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from tests.clients import Api, Socket, run
from tests.servers import Installation

pytestmark = pytest.mark.slow


def ask(api: Api, record: UUID, *roles: str) -> None:
    body = {"text": "Please call.", "mentioned_roles": list(roles), "priority": "stat", "asks_acknowledgement": True}
    assert api.post(f"/records/{record}/messages", body).status == 201


def test_an_acknowledgement_and_a_rung_are_heard_by_overseers_alone(house: Installation) -> None:
    web, other = house.web(), house.web()
    maya, cora, dora = (Api.log_in(web.url, name) for name in ("Maya", "Cora", "Dora"))
    nils, ivan = Api.log_in(other.url, "Nils"), Api.log_in(web.url, "Ivan")
    record = house.record_id()

    async def scenario() -> None:
        overseer, stranger, author = await Socket.open(cora), await Socket.open(dora), await Socket.open(maya)
        nurse, psychiatrist = await Socket.open(nils), await Socket.open(ivan)
        await asyncio.to_thread(ask, maya, record, "nurse", "psychiatrist")

        n = (await nurse.next("event", type="message.posted"))["n"]
        await nurse.send(kind="seen", n=[n])
        await nurse.next("receipt", n=n, state="seen")
        await nurse.send(kind="acknowledge", n=[n])  # by a socket of another server
        await overseer.next("overseen")
        assert [f["kind"] for f in overseer.frames].count("overseen") == 1, "seen ends nothing"

        n = (await psychiatrist.next("event", type="message.posted"))["n"]
        await asyncio.to_thread(ivan.post, "/inbox/receipts", {"acknowledge": [n]})
        await overseer.next("overseen")

        await asyncio.to_thread(ask, maya, record, "nurse")
        house.advance(timedelta(minutes=6))  # another channel is due, which makes no event
        await asyncio.to_thread(house.sweep_once)
        await overseer.next("overseen")

        # What comes after on the same sockets was sent after: nothing was under way to these two.
        own = house.record_id("Panic")
        await asyncio.to_thread(dora.post, f"/records/{own}/messages", {"text": "Mine"})
        await stranger.next("event", record_id=str(own))
        await author.next("receipt", n=None)
        assert "overseen" not in {frame["kind"] for frame in stranger.frames + author.frames + nurse.frames}

    run(scenario)
