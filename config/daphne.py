"""What daphne needs to be taught about closing sockets. Does nothing under another server."""

import sys
from typing import Any
from weakref import WeakSet

WRITE_OUT_SECONDS = 0.3


def close_sockets_properly() -> None:
    """Let sockets close with any registered code, and say 1012 to all of them before the server goes.

    autobahn's `sendClose` takes only 1000 and 3000 to 4999 from an application, although 1008, 1009, 1012 and 1013
    are there for servers to say; daphne passes it whatever the application chose, and the socket then stays open.
    On SIGTERM daphne drops its sockets without a word; a client cannot tell that from a failure.
    """
    if "daphne.server" not in sys.modules:
        return
    from daphne.ws_protocol import WebSocketProtocol
    from twisted.internet import reactor
    from twisted.internet.task import deferLater
    from twisted.internet.tcp import Port

    accepted: WeakSet[Any] = WeakSet()
    events: Any = reactor
    is_going: list[bool] = []
    accept = WebSocketProtocol.serverAccept

    def server_accept(self: Any, subprotocol: str | None = None) -> None:
        accepted.add(self)
        accept(self, subprotocol)
        if is_going:
            self.sendCloseFrame(code=1012)

    def server_close(self: Any, code: int | None = None) -> None:
        self.sendCloseFrame(code=1000 if code is None else code)

    def say_restart() -> Any:
        # Nobody new: who comes back at once must find another server, not one that is about to go.
        listening: list[Any] = [reader for reader in events.getReaders() if isinstance(reader, Port)]
        for port in listening:
            port.stopListening()
        is_going.append(True)
        told = [protocol for protocol in accepted if protocol.state == protocol.STATE_OPEN]
        for protocol in told:
            protocol.sendCloseFrame(code=1012)
        return deferLater(events, WRITE_OUT_SECONDS) if told else None

    WebSocketProtocol.serverAccept = server_accept
    WebSocketProtocol.serverClose = server_close
    events.addSystemEventTrigger("before", "shutdown", say_restart)
