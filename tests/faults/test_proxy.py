"""The proxy does to a connection what its toxics say, and nothing without them."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import Thread

import pytest

from carehub.prove.proxy import Proxy, Toxics

pytestmark = pytest.mark.quick

WORDS = b"Rosa called." * 10


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says back what it hears."""

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            Thread(target=answer, args=[connection], daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                while heard := connection.recv(65536):
                    connection.sendall(heard)
            except OSError:
                return

    server = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@contextmanager
def through(echo: int, toxics: Toxics) -> Iterator[tuple[Proxy, socket.socket]]:
    """A proxy before the echo, and a connection through it."""
    with Proxy(echo, Random(1), toxics) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 5) as connection:
        yield proxy, connection


def hear(connection: socket.socket, size: int = len(WORDS)) -> bytes:
    """So many bytes, or what came before the end."""
    heard = b""
    while len(heard) < size and (piece := connection.recv(65536)):
        heard += piece
    return heard


@pytest.mark.parametrize("toxics", [Toxics(), Toxics(one_byte=True), Toxics(bandwidth=5000)])
def test_passes_everything_on_in_order(echo: int, toxics: Toxics) -> None:
    with through(echo, toxics) as (proxy, connection):
        connection.sendall(WORDS)

        assert hear(connection) == WORDS
        assert proxy.connections == 1


def test_delays(echo: int) -> None:
    with through(echo, Toxics(latency=0.2, jitter=0.05)) as (_, connection):
        began = time.monotonic()
        connection.sendall(WORDS)

        assert hear(connection) == WORDS
        assert time.monotonic() - began >= 0.3


def test_cuts_off(echo: int) -> None:
    with through(echo, Toxics(resets=1.0)) as (proxy, connection):
        connection.sendall(WORDS)

        with pytest.raises(ConnectionResetError):
            raise_at_the_end(connection)
        assert proxy.resets == 1


def raise_at_the_end(connection: socket.socket) -> None:
    """An end without a reset counts as one: which of the two a peer sees is the system's choice."""
    if not connection.recv(1):
        raise ConnectionResetError


def test_swallows_until_the_hole_is_closed(echo: int) -> None:
    with through(echo, Toxics(blackhole=True)) as (proxy, connection):
        connection.sendall(WORDS)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)

        proxy.toxics = Toxics()
        connection.settimeout(5)
        assert hear(connection) == WORDS


def test_passes_the_end_on(echo: int) -> None:
    with through(echo, Toxics()) as (_, connection):
        connection.sendall(WORDS)
        connection.shutdown(socket.SHUT_WR)

        assert hear(connection, 10_000) == WORDS


def test_severs_at_certain_bytes(echo: int) -> None:
    with through(echo, Toxics(severs=b"Rosa")) as (proxy, connection):
        connection.sendall(b"Ben called.")
        assert hear(connection, 11) == b"Ben called."
        connection.sendall(WORDS)

        with pytest.raises(ConnectionResetError):
            raise_at_the_end(connection)
        assert proxy.resets == 1


def test_cuts_off_what_there_is(echo: int) -> None:
    with through(echo, Toxics()) as (proxy, connection):
        connection.sendall(WORDS)
        assert hear(connection) == WORDS
        proxy.cut()

        with pytest.raises(ConnectionResetError):
            raise_at_the_end(connection)


def test_leaves_a_connection_half_open(echo: int) -> None:
    with through(echo, Toxics(half_open=True)) as (proxy, connection):
        connection.sendall(WORDS)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)

        proxy.toxics = Toxics()
        connection.sendall(WORDS)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert proxy.halves == 1
