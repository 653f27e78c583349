"""Run a command that cannot outlive the process which started it.

Linux only ends a child with its parent (PR_SET_PDEATHSIG) if the child asks for it itself, after it has taken
its final user: the kernel forgets the request when credentials change. Asking between fork and exec inside a
threaded Python is unsafe, so this file is run as a tiny program of its own, which asks and then becomes the
command. It imports the standard library only, for it starts before any virtual environment. Elsewhere than on
Linux nothing is asked.

The parent is, to the kernel, the *thread* that started the child: start children from the main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class SystemUser:
    """The account a server runs as."""

    name: str
    uid: int
    gid: int


def tethered(command: Sequence[str], death_signal: signal.Signals, user: SystemUser | None = None) -> list[str]:
    """The argument list that runs `command` as `user` and sends it `death_signal` when this process dies."""
    account = f"{user.uid}:{user.gid}" if user else "-"
    wrapper = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(death_signal)), account]
    return [*wrapper, *command]


def become(parent: int, death_signal: int, account: str, command: Sequence[str]) -> None:
    """Take the account, ask for the signal, and turn into the command. Returns only if the parent is gone."""
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    # The parent may have died before the kernel knew of the request.
    if os.getppid() == parent:
        os.execv(command[0], list(command))  # noqa: S606


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
