"""The checker of histories passes a good one and names each kind of violation."""

import pytest

from carehub.prove.checker import check, counts, leaked, stale
from carehub.prove.history import History, Line, read_history
from carehub.standalone.folders import temporary_folder
from tests.faults.histories import READERS, good, read, without, write

pytestmark = pytest.mark.quick


def faults(lines: list[Line]) -> set[str]:
    return {violation.fault for violation in check(lines, READERS)}


def test_a_good_history_has_none() -> None:
    assert check(good(), READERS) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([(1, "a1"), (2, "a3")], {"lost", "differs"}, id="an acknowledged write is missing"),
        pytest.param([(1, "a1"), (2, "a2")], {"torn", "differs"}, id="an unanswered write is with one of two"),
        pytest.param([(1, "a1"), (2, "a2"), (3, "a3"), (4, "a5")], {"unexpected", "differs"}, id="a refused write"),
        pytest.param([(1, "a1"), (2, "a2"), (3, "a3"), (4, "x9")], {"unexpected", "differs"}, id="nobody wrote it"),
        pytest.param(
            [(1, "a1"), (2, "a2"), (3, "a3"), (4, "g1")], {"unexpected", "order", "differs"}, id="of another record"
        ),
        pytest.param([(1, "a1"), (2, "a2"), (3, "a3"), (4, "a1")], {"duplicated", "order", "differs"}, id="twice"),
        pytest.param([(1, "a1"), (3, "a2"), (4, "a3")], {"gap", "differs"}, id="a number is missing"),
        pytest.param([(2, "a1"), (3, "a2"), (4, "a3")], {"gap", "differs"}, id="the first number is missing"),
        pytest.param([(1, "a2"), (2, "a1"), (3, "a3")], {"order", "differs"}, id="begun after it ended, before it"),
        pytest.param([(2, "a2"), (1, "a1"), (3, "a3")], {"order"}, id="numbers fall"),
    ],
)
def test_a_broken_inbox_is_named(rows: list[tuple[int, str]], found: set[str]) -> None:
    assert faults([*without("Ben"), *read("Ben", rows)]) == found


def test_one_event_under_one_number_may_come_twice() -> None:
    lines = [*without("Ben"), *read("Ben", [(1, "a1"), (2, "a2"), (2, "a2"), (3, "a3")])]

    assert faults(lines) == set()


def test_two_events_of_one_write_are_duplicates() -> None:
    again = Line(kind="read", at=100, who="Gus", via="inbox", n=2, event="another", op="g1")

    assert faults([*good(), again]) == {"duplicated"}


def test_writes_at_the_same_time_may_have_either_order_but_only_one() -> None:
    together = [*write("a1", "ok", 1), *write("a2", "ok", 1.5)]
    one, other = [(1, "a1"), (2, "a2")], [(1, "a2"), (2, "a1")]

    assert faults([*together, *read("Ada", one), *read("Ben", one)]) == set()
    assert faults([*together, *read("Ada", other), *read("Ben", other)]) == set()
    assert faults([*together, *read("Ada", one), *read("Ben", other)]) == {"order"}


def test_a_socket_that_tells_something_else_differs() -> None:
    assert faults([*good(), *read("Gus", [(1, "g2")], via="Gus 1")]) == {"differs"}


def test_what_a_socket_learns_late_or_never_is_stale() -> None:
    late = [*good(), *read("Ada", [(1, "a1"), (2, "a2"), (3, "a3")], via="Ada 1", at=20)]
    never = [*good(), *read("Ada", [(1, "a1")], via="Ada 1", at=2)]

    assert stale(good(), READERS, within=7) == []
    assert [violation.fault for violation in stale(late, READERS, within=7)] == ["stale"]
    assert [violation.fault for violation in stale(never, READERS, within=7)] == ["stale"]


def test_what_is_told_after_leaving_is_leaked() -> None:
    left = Line(kind="leave", at=10, who="Ben", record="harbour")
    told = [Line(kind="read", at=at, who="Ben", via="Ben 1", n=1, op="a1", record="harbour") for at in (9, 10.5, 12)]
    back = Line(kind="join", at=11, who="Ben", record="harbour")

    assert [violation.fault for violation in leaked([left, *told])] == ["leaked"]
    assert leaked([left, back, *told]) == []


def test_a_socket_that_tells_the_same_event_otherwise_differs() -> None:
    kept = Line(kind="read", at=100, who="Gus", via="inbox", n=2, event="e", digest="one")
    pushed = Line(kind="read", at=100, who="Gus", via="Gus 1", n=2, event="e", digest="another")

    assert faults([*good(), kept, pushed]) == {"differs"}


def test_counts() -> None:
    assert counts(good(), READERS) == {
        "acknowledged": 3,
        "unanswered": 3,
        "refused": 1,
        "sockets": 1,
        "visible p50 s": 4.5,
        "visible max s": 4.5,
    }


def test_a_history_is_read_as_it_was_written() -> None:
    with temporary_folder() as folder:
        history = History(folder / "history.jsonl")
        history.invoke("a1", who="Ada", record="harbour")
        history.end("a1", "ok")
        history.read(who="Ben", via="inbox", n=1, event="e-a1", op="a1")
        history.close()
        lines = read_history(folder / "history.jsonl")

    assert [(line.kind, line.op, line.who, line.n) for line in lines] == [
        ("invoke", "a1", "Ada", 0),
        ("ok", "a1", "", 0),
        ("read", "a1", "Ben", 1),
    ]
    assert lines[0].at <= lines[1].at <= lines[2].at
