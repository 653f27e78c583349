"""One Idempotency-Key: fifty at once, after a crash, after a restart, with another body, by another person."""

from __future__ import annotations

import asyncio
from collections import Counter

from carehub.client import CareHub, Problem, Unreachable
from carehub.prove.stage import Stage

KEY = "one-key"
Said = tuple[int, bytes]


async def say(client: CareHub, record: str, text: str, key: str = KEY) -> Said:
    """Status and body of the answer; 503 is asked again, as it says, and no answer is (0, "")."""
    while True:
        try:
            answer = await client.post(f"/api/v1/records/{record}/messages", {"text": text}, idempotency_key=key)
        except Problem as refusal:
            if refusal.status != 503:
                return refusal.status, b""
            await asyncio.sleep(refusal.retry_after or 1)
        except Unreachable:
            return 0, b""
        else:
            return answer.status, answer.body


def repeated(stage: Stage) -> None:
    """One event; the same status and body each time; 422 for another body; another person's key is another key."""
    house, record = stage.house, stage.cast.records["Harbour"]
    one, two = house.web(), house.web()
    doomed = house.web(environment={"CAREHUB_FAILPOINT": "after_commit:kill9"})
    times = stage.of(50, 50, 400)
    with stage.crowd(one, two, doomed) as crowd:

        async def at_once() -> list[Said]:
            return await asyncio.gather(*(say(crowd.client("Ben", i % 2, 30), record, "once") for i in range(times)))

        answers = Counter(crowd.call(at_once(), 120))
        stage.figure("at once", times)
        stage.require(len(answers) == 1, f"{len(answers)} different answers to one key")
        first = next(iter(answers))
        stage.require(first[0] == 201, f"the first answer was {first[0]}")

        other_body = crowd.call(say(crowd.client("Ben"), record, "something else"))
        stage.require(other_body[0] == 422, f"another body was answered with {other_body[0]}")
        other_person = crowd.call(say(crowd.client("Eve"), record, "once"))
        stage.require(other_person[0] == 201 and other_person != first, "another person's key was not his own")

        one.kill()
        house.web(port=one.port)
        after_restart = crowd.call(say(crowd.client("Ben"), record, "once"))
        stage.require(after_restart == first, "after a restart the answer was another")

        unheard = crowd.call(say(crowd.client("Ben", 2), record, "crash", "crash"))
        stage.require(unheard[0] == 0, "the server did not die where it should")
        retried = crowd.call(say(crowd.client("Ben", 1), record, "crash", "crash"))
        again = crowd.call(say(crowd.client("Ben"), record, "crash", "crash"))
        stage.require(retried[0] == 201 and again == retried, "after a crash the answers were not one")

    made = stage.house.rows("SELECT text, author_id::text FROM messaging_message ORDER BY at")
    expected = [("once", "Ben"), ("once", "Eve"), ("crash", "Ben")]
    stage.require(made == [(text, stage.cast.people[who]) for text, who in expected], f"{len(made)} messages, not 3")
    stage.figure("messages", len(made))
    stage.verify()
