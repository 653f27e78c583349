"""Install a list of hash-pinned packages into the virtual environment that runs this file, if it has changed.

Called by the Makefile as a program of its own, before anything is installed: standard library only.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LINES_BETWEEN_REPORTS = 10


def main(requirements: Path) -> int:
    """Install the list and remember it; 0 done or nothing to do, else pip's exit code, its words shown."""
    wanted = requirements.read_text(encoding="utf-8")
    remembered = Path(sys.prefix) / f"installed-{requirements.name}"
    if remembered.exists() and remembered.read_text(encoding="utf-8") == wanted:
        return 0
    total = len(re.findall(r"^[A-Za-z0-9]\S*==", wanted, re.MULTILINE))
    print(f"Installing {total} packages of {requirements} ...", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(requirements)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        said = list(_report(pip.stdout, total))
    if pip.returncode != 0:
        print("".join(said[-25:]), end="")
        print(
            f"Installing {requirements} failed; the lines above are pip's. Once that is mended, run the same "
            "command again."
        )
        return pip.returncode
    remembered.write_text(wanted, encoding="utf-8")
    print("Installed.", flush=True)
    return 0


def _report(lines: Iterator[str], total: int) -> Iterator[str]:
    """Pass pip's lines on, and print how far it is."""
    found = 0
    for line in lines:
        yield line
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            found += 1
            if found % LINES_BETWEEN_REPORTS == 0:
                print(f"  {found} of {total} found or fetched ...", flush=True)
        elif line.startswith("Installing collected packages"):
            print("  unpacking them ...", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
