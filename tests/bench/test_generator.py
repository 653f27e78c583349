"""The load generator counts what the product sends, each event once on each socket."""

import pytest

from tests.bench.generator import Generator
from tests.bench.ground import House
from tests.bench.load import masked
from tests.bench.machine import wait
from tests.bench.seeding import Teams, seed
from tests.bench.sides import carehub_headers
from tests.bench.writing import carehub_targets, write
from tests.servers import Installation


@pytest.mark.slow
def test_counts_what_a_team_gets(house: Installation) -> None:
    teams = Teams(2, 3)
    side = House(house.servers, house, teams)
    with side.superuser() as connection:
        seed(connection, teams)
    port = house.web().port

    with Generator(house.servers.folder) as generator:
        said = generator.connect(
            "carehub", port, [*carehub_headers(teams), "/ws/v1/live\nCookie: carehub_session=nobody"]
        )
        generator.mark()
        written = write(port, carehub_targets(teams), clients=2, count=8)
        wait(lambda: generator.arrived >= 24, 10)
        arrivals = generator.arrivals()

    assert (said["connected"], said["failed"]) == (6, 1)
    assert written.statuses == {"201": 8}
    assert len(set(zip(arrivals.sockets, arrivals.marks, strict=True))) == len(arrivals) == 24
    assert set(arrivals.marks) == set(range(8))


@pytest.mark.quick
@pytest.mark.parametrize("size", [1, 125, 126, 4000])
def test_a_client_frame_is_masked_and_says_its_length(size: int) -> None:
    frame = masked(b"x" * size)

    assert frame[0] == 0x81
    assert frame[1] & 0x80
    length = frame[1] & 0x7F
    assert (length if length < 126 else int.from_bytes(frame[2:4], "big")) == size
    assert frame.endswith(b"\0\0\0\0" + b"x" * size)
