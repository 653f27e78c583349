"""One proving ground for a file's tests: its PostgreSQL is killed, which the suite's own must not be."""

from collections.abc import Iterator

import pytest

from carehub.prove.stage import Ground, proving_ground


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Servers and cast; each scenario plays on a copy."""
    with proving_ground() as found:
        yield found
