"""Providers of a test's own, and the database's clock in its hand."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from carehub.standalone.servers import SUPERUSER
from tests.servers import DATABASE, Servers
from tests.sinks import HttpSink, SmtpSink

Forward = Callable[[timedelta], None]
"""`forward(timedelta(minutes=1))`: it is a minute later."""


@pytest.fixture
def forward(cast: object, servers: Servers) -> Iterator[Forward]:
    with psycopg.connect(servers.postgres.url(SUPERUSER, DATABASE), autocommit=True) as connection:

        def move(by: timedelta) -> None:
            connection.execute("UPDATE core_installation SET clock_offset = clock_offset + %s", [by])

        yield move
        connection.execute("UPDATE core_installation SET clock_offset = '0'")


@pytest.fixture
def smtp(settings: Any) -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield sink


@pytest.fixture
def provider(settings: Any) -> Iterator[HttpSink]:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with HttpSink() as sink:
        yield sink
