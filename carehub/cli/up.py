"""`carehub up`: everything on this machine, with a demo practice, until Ctrl-C."""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import sys
from contextlib import ExitStack
from types import FrameType

from carehub.standalone.folders import FolderError
from carehub.standalone.foreground import ServerError
from carehub.standalone.machine import CHECKOUT, Address, Machine, NotStarted
from carehub.standalone.processes import STOP_SIGNALS
from carehub.standalone.screen import Screen
from carehub.standalone.state import StateFolder, StateInUse, can_listen, default_folder

NAME = "up"
HELP = "Run everything on this machine, with a demo practice; Ctrl-C stops it and keeps the data."
DEFAULT_PORT = 8000


class WronglyUsed(Exception):
    """The arguments or variables contradict each other; the text says which and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on (%(default)s)")
    parser.add_argument("--reset", action="store_true", help="delete the private data first, without asking")


def run(arguments: argparse.Namespace) -> int:
    """Bring everything up and tend it; 0 stopped by the user, 1 failed, 2 wrongly used."""
    screen = Screen()
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        return _up(arguments, screen)
    except WronglyUsed as error:
        print(error, file=sys.stderr)
        return 2
    except (FolderError, ServerError, NotStarted, StateInUse) as error:
        print(error, file=sys.stderr)
        return 1


def _up(arguments: argparse.Namespace, screen: Screen) -> int:
    address = _address(arguments)
    _require_consistent(arguments)
    state = StateFolder(default_folder(os.environ, CHECKOUT))
    with state.locked(address.url):
        _require_free(address)
        if arguments.reset:
            with screen.step("Deleting the old data", "The old data are deleted"):
                state.reset()
        machine = Machine(state, screen, address, os.environ)
        screen.say(f"CareHub {screen.paint(str(state.path), 'faint')}")
        try:
            with ExitStack() as stack:
                machine.prepare(stack)
                machine.run()
        except KeyboardInterrupt:
            screen.say()
    if os.environ.get("DATABASE_URL"):
        screen.say("Stopped. The data are in the database of DATABASE_URL.")
        return 0
    screen.say(
        f"Stopped. The data are kept in {state.path}: the same command goes on with them, "
        "`carehub up --reset` (`make up ARGS=--reset`) starts afresh."
    )
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Once: what follows is cleaning up, which a second Ctrl-C must not cut short.
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _address(arguments: argparse.Namespace) -> Address:
    host = "127.0.0.1" if arguments.host == "localhost" else arguments.host.strip("[]")
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise WronglyUsed(
            f"`carehub up` runs a demo with printed passwords, so it does not listen on {arguments.host}: "
            "use a loopback address such as 127.0.0.1, and deploy/ for an installation that others reach."
        )
    if not 1 <= arguments.port <= 65535:
        raise WronglyUsed(f"{arguments.port} is not a port: choose one from 1 to 65535.")
    return Address(host, arguments.port)


def _require_consistent(arguments: argparse.Namespace) -> None:
    is_foreign = bool(os.environ.get("DATABASE_URL"))
    if is_foreign and arguments.reset:
        raise WronglyUsed(
            "--reset deletes private data only, and DATABASE_URL names a database that is not private: "
            "unset DATABASE_URL, or empty that database yourself."
        )
    if is_foreign and not os.environ.get("DATABASE_OWNER_URL"):
        raise WronglyUsed(
            "DATABASE_URL is set but DATABASE_OWNER_URL is not: set it to the role that owns the database "
            "and may migrate it, or unset DATABASE_URL to use a private PostgreSQL."
        )


def _require_free(address: Address) -> None:
    error = can_listen(address.host, address.port)
    if isinstance(error, PermissionError):
        raise NotStarted(f"Port {address.port} is reserved for root: choose another with --port, such as 8001.")
    if error:
        raise NotStarted(
            f"Port {address.port} of {address.host} is in use by another program: stop that one, or choose "
            f"another port: `carehub up --port {address.port + 1}` (`make up PORT={address.port + 1}`)."
        )
