"""A hard end for what a socket does, however slowly the other side trickles."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_off(seconds: float, find: Callable[[], object]) -> Iterator[threading.Event]:
    """Shut the socket that `find` gives down after these seconds; the event says whether that was necessary.

    Time-outs of a socket begin anew with every byte; this one does not.
    """
    was_cut = threading.Event()

    def cut() -> None:
        was_cut.set()
        found = find()
        if isinstance(found, socket.socket):
            with suppress(OSError):
                # Not the TLS layer's own shutdown, which another thread may be inside of.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    timer = threading.Timer(max(seconds, 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield was_cut
    finally:
        timer.cancel()
