"""A connection waits for an answer for as long as its server may take, and no longer."""

import time

import pytest
from django.db import connection

from carehub.core.patience import Connection, NoAnswer, patience

pytestmark = [pytest.mark.quick, pytest.mark.django_db]


def own_connection() -> Connection:
    """One that is not the test's."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return Connection.connect(**parameters, autocommit=True)


def test_a_silent_server_is_given_up_with_its_connection() -> None:
    with own_connection() as mine:
        began = time.monotonic()
        with patience(0.3), pytest.raises(NoAnswer):
            mine.execute("SELECT pg_sleep(3)")

        assert time.monotonic() - began < 2
        assert mine.closed


def test_a_slow_one_is_waited_for() -> None:
    with own_connection() as mine, patience(3):
        assert mine.execute("SELECT pg_sleep(0.5), 1").fetchone() == ("", 1)


def test_a_transaction_that_lost_its_connection_makes_no_other() -> None:
    other = connection.copy()
    other.connect()
    other.close()

    other.set_autocommit(True)

    assert other.connection is None
