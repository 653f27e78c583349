"""`carehub sweep`: look for what is due, and climb. Any number may run, on any machine."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import threading

from carehub.cli import prepare_django

NAME = "sweep"
HELP = "Watch the deadlines: climb the rungs of silent obligations and hand out notices. Runs until stopped."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--once", action="store_true", help="one pass, then end")
    parser.add_argument("--period", type=float, default=None, help="seconds between passes (default 2)")


def run(arguments: argparse.Namespace) -> int:
    """Sweep until SIGTERM or SIGINT."""
    prepare_django()
    from carehub.core.failpoints import refuse_unsafe_start
    from carehub.delivery import sweeper

    refuse_unsafe_start()
    name = os.environ.get("CAREHUB_SERVER_NAME", "sweep") + f"@{socket.gethostname()}:{os.getpid()}"
    if arguments.once:
        climbed, notices = sweeper.sweep(name=name)
        print(f"{climbed} rungs climbed, {notices} notices handed out")
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sweeper.run(name=name, stop=stop, period=arguments.period or sweeper.PERIOD_SECONDS)
    return 0
