"""Every kind of write at once: the record is locked first, then the inboxes in order; so nothing can deadlock."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import timedelta

from carehub.client import Problem, Response
from carehub.prove import locks
from carehub.prove.crowd import Crowd
from carehub.prove.scenarios.deadlines import ask
from carehub.prove.stage import Stage

_RECORDER = """
CREATE TABLE prove_out_of_order (person_id uuid, after uuid);
CREATE FUNCTION prove_note_inbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE held text := coalesce(current_setting('prove.inboxes', true), '');
DECLARE highest text := (SELECT max(id) FROM unnest(string_to_array(held, ',')) AS id);
BEGIN
    IF strpos(held, NEW.person_id::text) = 0 THEN
        IF NEW.person_id::text < highest THEN
            INSERT INTO prove_out_of_order VALUES (NEW.person_id, highest::uuid);
        END IF;
        PERFORM set_config('prove.inboxes', concat_ws(',', nullif(held, ''), NEW.person_id::text), true);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prove_inbox_order BEFORE INSERT OR UPDATE ON events_inbox
    FOR EACH ROW EXECUTE FUNCTION prove_note_inbox();
"""


def recorded(stage: Stage) -> None:
    """A trigger notes inboxes that are locked out of order; the log of every statement tells the rest."""
    house = stage.house
    house.execute(_RECORDER)
    house.execute(f"ALTER DATABASE \"{house.database}\" SET log_statement = 'all'")
    log = house.servers.postgres.log_path
    began = log.stat().st_size
    web = house.web()
    sweepers = [house.sweeper(), house.sweeper()]
    with stage.crowd(web) as crowd:
        ask(stage, crowd, stage.of(4, 20, 200), priority="stat")
        crowd.write(4)
        rounds = stage.of(3, 12, 100)
        coming, raising = crowd.begin(_come_and_go(stage, crowd, rounds)), crowd.begin(_flags(stage, crowd, rounds))
        house.advance(timedelta(hours=2))
        coming.result(300)
        raising.result(300)
        goal = crowd.acknowledged + stage.of(20, 100, 2000)
        stage.await_(lambda: crowd.acknowledged >= goal, 300, "writes")
        crowd.stop_writing()
        acknowledged = crowd.acknowledged
    for sweeper in sweepers:
        sweeper.terminate()
    house.sweep_once()
    house.execute(f'ALTER DATABASE "{house.database}" RESET log_statement')
    with log.open(errors="replace") as lines:
        lines.seek(began)
        told = Counter({"": 0})
        for transaction in locks.transactions(lines):
            told.update(locks.violations(transaction))
            told[""] += 1
    stage.figure("acknowledged", acknowledged)
    stage.figure("transactions", told.pop(""))
    stage.figure("deadlocks", stage.deadlocks())
    stage.require(stage.figures["transactions"] > acknowledged, "the log tells nothing, so nothing was tried")
    for words, times in told.items():
        stage.require(False, f"lock order: {words}, {times} times")
    ((wrong,),) = house.rows("SELECT count(*) FROM prove_out_of_order")
    stage.require(wrong == 0, f"lock order: inboxes were locked out of order, {wrong} times")
    stage.require(stage.deadlocks() == 0, "writers deadlocked")
    stage.verify()


async def _come_and_go(stage: Stage, crowd: Crowd, rounds: int) -> None:
    """Hana joins and leaves Harbour."""
    record = f"/api/v1/records/{stage.cast.records['Harbour']}"
    joins = {"person_id": stage.cast.people["Hana"], "role": "therapist"}
    for _ in range(rounds):
        place = (await patiently(crowd, "Ada", f"{record}/members", joins)).member("id")
        await patiently(crowd, "Ada", f"{record}/members/{place}/end", {"reason": "Back to Meadow."})


async def _flags(stage: Stage, crowd: Crowd, rounds: int) -> None:
    """Dan flags, Ben answers."""
    record = f"/api/v1/records/{stage.cast.records['Harbour']}"
    raised = {
        "coding": {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E03.9", "display": "Hypothyroidism"},
        "severity": "high",
        "question": "Does this change your plan?",
        "asked_roles": ["therapist"],
    }
    for _ in range(rounds):
        flag = (await patiently(crowd, "Dan", f"{record}/flags", raised)).member("id")
        answer = {"changes_plan": True, "text": "We go slower."}
        await patiently(crowd, "Ben", f"{record}/flags/{flag}/answers", answer)


async def patiently(crowd: Crowd, name: str, path: str, body: object) -> Response:
    """Post under one key until it is done; 503 is asked again, as it says."""
    key = str(uuid.uuid4())
    while True:
        try:
            return await crowd.client(name).post(path, body, idempotency_key=key)
        except Problem as refusal:
            if refusal.status != 503:
                raise
            await asyncio.sleep(refusal.retry_after or 1)
