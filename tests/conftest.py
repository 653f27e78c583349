"""Real servers for every worker; Django's test database is one of theirs, served by the role that production uses."""

import itertools
import os
from collections.abc import Iterator

import django
import pytest

from tests.servers import DATABASE, SEEDED, Installation, Servers, installation

_servers: Servers | None = None
_numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start this worker's servers before Django reads its settings; xdist's controller runs no test and needs none."""
    global _servers
    is_controller = bool(config.getoption("dist", "no") != "no") and not hasattr(config, "workerinput")
    if is_controller or config.option.collectonly:
        return
    if "DATABASE_URL" in os.environ:
        raise pytest.UsageError("Unset DATABASE_URL: the tests make their own servers and fill them with a cast.")
    _servers = Servers()
    os.environ.update(_servers.environment(DATABASE, "tests"))
    _servers.migrate(DATABASE)
    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them."""
    if _servers is not None:
        _servers.stop()


@pytest.fixture(scope="session")
def servers() -> Servers:
    """This worker's PostgreSQL and Valkey."""
    assert _servers is not None
    return _servers


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: "pytest.FixtureRequest", servers: Servers) -> Iterator[None]:
    """The cast, committed once; and a copy of it from which installations are made."""
    from django.db import connections

    from tests.cast import seed

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        seed()
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        servers.copy_database(DATABASE, SEEDED)
        yield
        connections["default"].close_pool()  # type: ignore[attr-defined]


@pytest.fixture
def cast(db: None) -> "object":
    """Rosa's team and those who are not on it; in a transaction that is rolled back."""
    from tests.cast import load

    return load()


@pytest.fixture
def house(django_db_setup: None, servers: Servers) -> Iterator[Installation]:
    """An installation of this test's own, without processes yet."""
    with installation(servers, f"house_{next(_numbers)}") as found:
        yield found
