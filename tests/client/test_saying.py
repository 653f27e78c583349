"""What a client has to say is said until it was heard."""

import asyncio
from collections.abc import Callable

import pytest

from carehub.client import NotConfirmed, Receipt, Refused, Resynced
from carehub.client.saying import Unconfirmed

pytestmark = pytest.mark.quick


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def given(scenario: Callable[[Unconfirmed, Clock], None]) -> None:
    async def play() -> None:
        clock = Clock()
        scenario(Unconfirmed(5.0, clock), clock)

    asyncio.run(play())


def receipt(n: int, state: str) -> Receipt:
    return Receipt(f"event-{n}", "person-1", n, state, None)


def acknowledge(*numbers: int) -> dict[str, object]:
    return {"kind": "acknowledge", "n": list(numbers)}


def test_is_said_at_once_again_after_a_while_and_no_more_once_confirmed() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        future = unconfirmed.want("acknowledge", 7)

        assert unconfirmed.take() == acknowledge(7)
        assert unconfirmed.take() is None
        assert [unconfirmed.next_at] == [105.0]
        clock.now = 105.0
        assert unconfirmed.take() == acknowledge(7)

        unconfirmed.confirm(receipt(7, "acknowledged"))
        clock.now = 200.0
        assert unconfirmed.take() is None
        assert unconfirmed.next_at is None
        assert future.result().state == "acknowledged"

    given(scenario)


def test_a_weaker_state_confirms_nothing_and_an_end_state_everything() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        acknowledged, seen = unconfirmed.want("acknowledge", 1), unconfirmed.want("seen", 1)
        superseded = unconfirmed.want("acknowledge", 2)

        unconfirmed.confirm(receipt(1, "received"))
        assert not seen.done()
        unconfirmed.confirm(receipt(1, "seen"))
        assert seen.done()
        assert not acknowledged.done()
        unconfirmed.confirm(receipt(1, "acknowledged"))
        unconfirmed.confirm(receipt(2, "superseded"))
        assert acknowledged.done()
        assert superseded.result().state == "superseded"

    given(scenario)


def test_everybody_who_asked_is_answered_and_a_cancelled_one_does_no_harm() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        first, second = unconfirmed.want("seen", 1), unconfirmed.want("seen", 1)
        first.cancel()

        assert unconfirmed.take() == {"kind": "seen", "n": [1]}
        unconfirmed.confirm(receipt(1, "seen"))
        assert second.result().n == 1

    given(scenario)


def test_frames_hold_at_most_200_and_what_stays_unheard_does_not_block_the_rest() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        for n in range(1, 251):
            unconfirmed.want("acknowledge", n)

        assert unconfirmed.take() == acknowledge(*range(1, 201))
        clock.now += 5
        assert unconfirmed.take() == acknowledge(*range(201, 251), *range(1, 151))

    given(scenario)


def test_received_is_said_for_the_highest_and_all_is_said_again_on_a_new_connection() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        unconfirmed.received(3)
        unconfirmed.received(4)
        unconfirmed.want("acknowledge", 4)

        assert unconfirmed.take() == acknowledge(4)
        assert unconfirmed.take() == {"kind": "received", "n": 4, "above": 0}
        assert unconfirmed.take() is None
        unconfirmed.say_again()
        assert unconfirmed.take() == acknowledge(4)
        assert unconfirmed.take() == {"kind": "received", "n": 4, "above": 0}

    given(scenario)


def test_a_refusal_strikes_the_number_it_points_at() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        futures = [unconfirmed.want("acknowledge", n) for n in (4, 5, 6)]
        unconfirmed.take()

        unconfirmed.refuse(Refused("no", "It asks for an answer.", "/n/1", "acknowledge"))

        with pytest.raises(NotConfirmed, match="It asks for an answer"):
            futures[1].result()
        assert unconfirmed.take() == acknowledge(4, 6)

    given(scenario)


def test_a_refusal_that_points_nowhere_makes_them_go_one_by_one() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        futures = {n: unconfirmed.want("acknowledge", n) for n in (4, 5, 6)}
        refusal = Refused("no", "It asks for an answer.", None, "acknowledge")
        unconfirmed.take()

        unconfirmed.refuse(refusal)
        assert unconfirmed.take() == acknowledge(4)
        unconfirmed.confirm(receipt(4, "acknowledged"))
        assert unconfirmed.take() == acknowledge(5)
        unconfirmed.refuse(refusal)
        assert unconfirmed.take() == acknowledge(6)
        unconfirmed.confirm(receipt(6, "acknowledged"))

        assert isinstance(futures[5].exception(), NotConfirmed)
        unconfirmed.want("acknowledge", 7)
        unconfirmed.want("acknowledge", 8)
        assert unconfirmed.take() == acknowledge(7, 8)

    given(scenario)


def test_a_refusal_may_name_the_number_and_strikes_the_one_that_is_left() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        futures = [unconfirmed.want("acknowledge", n) for n in (4, 5, 6)]
        unconfirmed.take()

        unconfirmed.refuse(Refused("no", "It asks for an answer.", None, "acknowledge", 6))
        assert isinstance(futures[2].exception(), NotConfirmed)
        assert unconfirmed.take() == acknowledge(4, 5)
        unconfirmed.confirm(receipt(4, "acknowledged"))
        unconfirmed.refuse(Refused("no", "It asks for an answer.", None, "acknowledge"))
        assert isinstance(futures[1].exception(), NotConfirmed)
        assert unconfirmed.take() is None

    given(scenario)


def test_a_number_may_be_refused_whatever_was_said_of_it() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        futures = [unconfirmed.want(kind, 9) for kind in ("acknowledge", "seen")]
        unconfirmed.take()
        unconfirmed.take()

        unconfirmed.refuse(Refused("unknown-number", "n=9 is not in your inbox.", "", "", 9))

        assert [type(future.exception()) for future in futures] == [NotConfirmed, NotConfirmed]

    given(scenario)


def test_a_refusal_of_something_else_changes_nothing() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        future = unconfirmed.want("acknowledge", 4)
        unconfirmed.take()

        for kind in ("received", "seen", None):
            unconfirmed.refuse(Refused("no", "no", None, kind))

        assert not future.done()

    given(scenario)


def test_after_a_resync_nothing_old_is_said() -> None:
    def scenario(unconfirmed: Unconfirmed, clock: Clock) -> None:
        future = unconfirmed.want("acknowledge", 4)
        unconfirmed.received(4)

        unconfirmed.forget(Resynced("The installation was restored."))

        assert unconfirmed.take() is None
        assert isinstance(future.exception(), Resynced)

    given(scenario)
