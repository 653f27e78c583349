"""One change, live to the whole team and acknowledged: the walking skeleton over HTTP and socket."""

import asyncio

import pytest

from tests.cast import PLAN
from tests.clients import Api, Socket, run
from tests.servers import Installation

pytestmark = pytest.mark.slow


def test_a_plan_revision_arrives_is_seen_and_acknowledged(house: Installation) -> None:
    web = house.web()
    record = house.record_id()
    maya, ivan, nils = (Api.log_in(web.url, name) for name in ("Maya", "Ivan", "Nils"))

    async def scenario() -> None:
        sockets = [await Socket.open(api) for api in (maya, ivan, nils)]
        author, psychiatrist, nurse = sockets

        answer = await asyncio.to_thread(
            maya.post,
            f"/records/{record}/plan/revisions",
            {"definition": PLAN, "rationale": "Agreed in the first session"},
            If_Match='"0"',
        )
        assert answer.status == 201, answer.body
        assert answer.headers["ETag"] == '"1"'

        frames = [await socket.next("event", type="plan.revised") for socket in sockets]
        assert [frame["obligation"] for frame in frames] == ["none", "acknowledge", "inform"]
        assert frames[0]["event"] == frames[1]["event"] == frames[2]["event"]

        n = frames[1]["n"]
        await psychiatrist.send(kind="received", n=n)
        await psychiatrist.send(kind="seen", n=[n])
        await psychiatrist.next("receipt", state="seen", n=n)
        await psychiatrist.send(kind="acknowledge", n=[n])
        receipt = await psychiatrist.next("receipt", state="acknowledged", n=n)
        mine = await author.next("receipt", state="acknowledged")
        assert mine["n"] is None
        assert mine["person_id"] == receipt["person_id"]

        event_id = frames[0]["event"]["id"]
        seen = (await asyncio.to_thread(maya.get, f"/events/{event_id}/deliveries")).json["results"]
        states = {row["name"]: (row["state"], row["excluded"]) for row in seen}
        assert states["Ivan"] == ("acknowledged", "")
        assert states["Carl"] == ("excluded", "by role")
        assert states["Paula"] == ("pending", "")
        await nurse.close()

    run(scenario)
