"""What daphne needs to be taught."""


def allow_registered_close_codes() -> None:
    """Let an application close a socket with any registered code.

    autobahn's `sendClose` takes only 1000 and 3000 to 4999 from an application, although 1008, 1009, 1012 and 1013
    are there for servers to say; daphne passes it whatever the application chose, and the socket then stays open.
    """
    try:
        from daphne.ws_protocol import WebSocketProtocol
    except ImportError:  # another server than daphne
        return

    def server_close(self: WebSocketProtocol, code: int | None = None) -> None:
        self.sendCloseFrame(code=1000 if code is None else code)

    WebSocketProtocol.serverClose = server_close
