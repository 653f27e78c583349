"""`carehub make-data` fills an installation and leaves its ledger whole; never one that is for care."""

import pytest

from carehub.cli import main
from carehub.prove.cluster import CommandFailed
from carehub.standalone.population.people import role_of
from tests.servers import Installation

SMALL = ["-m", "carehub", "make-data", "--records", "6", "--events", "300", "--team-size", "7", "--teams", "3"]


def make(house: Installation, *more: str) -> str:
    return house.servers.run([*SMALL, *more], house.servers.environment(house.database, house.database))


@pytest.mark.slow
def test_leaves_the_ledger_whole(house: Installation) -> None:
    before = house.rows("SELECT count(*) FROM events_event")[0][0]

    said = make(house)

    assert "rows/s" in said
    assert house.rows("SELECT count(*) FROM events_event")[0][0] == before + 306
    assert "The ledger is whole." in house.verify()
    assert house.rows("SELECT count(*) FROM audit_entry WHERE verb = 'message.post'")[0][0] >= 300


@pytest.mark.slow
def test_another_seed_makes_others_and_the_same_is_refused(house: Installation) -> None:
    make(house, "--seed", "7")
    texts = (
        "SELECT string_agg(m.text, '|' ORDER BY e.seq) FROM messaging_message m JOIN events_event e ON e.id = event_id"
    )
    first = house.rows(texts)
    make(house, "--seed", "8")

    assert house.rows(texts) != first
    with pytest.raises(CommandFailed, match="choose another --seed"):
        make(house, "--seed", "7")
    assert "The ledger is whole." in house.verify()


@pytest.mark.slow
def test_refuses_a_database_of_care(house: Installation) -> None:
    house.execute("UPDATE core_installation SET purpose = 'care'")

    with pytest.raises(CommandFailed, match="for care, so nothing is made up in it"):
        make(house)


@pytest.mark.quick
def test_refuses_impossible_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["make-data", "--team-size", "2"]) == 2
    assert "--team-size is 2; it must be from 3 to 1,000." in capsys.readouterr().err


@pytest.mark.quick
def test_each_team_has_a_coordinator_and_somebody_who_is_told_of_no_message() -> None:
    assert [role_of(place, 3).value for place in range(3)] == ["coordinator", "therapist", "privacy-officer"]
