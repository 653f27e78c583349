"""What deploy/ promises is there: variables, files, commands; the two roles are as poor as they should be."""

import ast
import os
import re
import shlex
import subprocess
import sys
from configparser import RawConfigParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from carehub.cli import COMMANDS
from carehub.standalone.folders import temporary_folder
from carehub.standalone.servers import PostgresServer, free_port
from carehub.standalone.wheels import postgres_wheel

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def variables_of(example: str) -> list[str]:
    """The names that an example file of variables sets, or shows the default of."""
    text = (DEPLOY / example).read_text()
    return re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def settings_variables() -> set[str]:
    """The names that config/settings.py asks django-environ for."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "config" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            owner, first = node.func.value, node.args[0]
            if isinstance(owner, ast.Name) and owner.id == "env" and isinstance(first, ast.Constant):
                names.add(str(first.value))
    return names


def compose() -> dict[str, Any]:
    """deploy/compose.yaml, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def unit(path: Path) -> RawConfigParser:
    """A systemd unit; of a key that stands twice the last."""
    parser = RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text().replace("\\\n", " "))
    return parser


def started_by(path: Path) -> list[list[str]]:
    """The commands of a unit's ExecStart lines."""
    text = path.read_text().replace("\\\n", " ")
    return [shlex.split(command) for command in re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)]


def is_a_command(words: list[str]) -> bool:
    """Whether `python -m ...` names a command of ours, or a server with an application of ours."""
    python, flag, module, *rest = words
    if not python.endswith("python") or flag != "-m":
        return False
    if module == "carehub":
        return rest[0] in COMMANDS
    application = rest[-1] if module == "daphne" else rest[rest.index("-A") + 1]
    return find_spec(module) is not None and find_spec(application.split(":")[0]) is not None


@pytest.mark.quick
def test_the_example_names_exactly_the_variables_that_the_settings_read() -> None:
    named = variables_of("env.example")

    assert len(named) == len(set(named))
    assert set(named) == settings_variables()


@pytest.mark.quick
def test_the_owner_is_named_to_migrations_only() -> None:
    assert variables_of("owner.env.example") == ["DATABASE_OWNER_URL"]
    for path in UNITS:
        assert ("owner.env" in path.read_text()) == (path.name == "carehub-migrate.service"), path.name
    services = compose()["services"]
    assert {name for name, each in services.items() if "DATABASE_OWNER_URL" in each["environment"]} == {"migrate"}


@pytest.mark.quick
def test_compose_asks_for_the_variables_of_its_example_and_no_others() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (DEPLOY / "compose.yaml").read_text()))

    assert asked == set(variables_of("compose.env.example"))


@pytest.mark.quick
def test_compose_names_files_services_and_variables_that_exist() -> None:
    found = compose()

    for name, service in found["services"].items():
        assert set(service.get("depends_on", {})) <= set(found["services"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).is_file() if source.startswith(".") else source in found["volumes"], volume
        if service["image"] == "carehub":
            # Without `build` Compose would look for the image in a registry first.
            context = (DEPLOY / service["build"]["context"]).resolve()
            assert context == ROOT
            assert (context / service["build"]["dockerfile"]).is_file()
            assert set(service["environment"]) - {"DATABASE_OWNER_URL"} <= settings_variables(), name
            assert is_a_command(service.get("command", dockerfile_command())), name


@pytest.mark.quick
def test_compose_watches_every_service_or_says_why_not() -> None:
    services = compose()["services"]

    assert all("healthcheck" in service for service in services.values())
    assert {name for name, each in services.items() if each["healthcheck"].get("disable")} == {"migrate", "sweep"}


def dockerfile_command() -> list[str]:
    """The image's CMD: the web process."""
    text = (DEPLOY / "Dockerfile").read_text()
    command: list[str] = yaml.safe_load(text[text.rindex("\nCMD ") + 5 :])
    return command


@pytest.mark.quick
def test_the_image_copies_what_exists_installs_by_hash_and_serves_as_nobody_special() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    sent = re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    sources = re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE)

    assert sources
    assert set(sources) == set(sent), "a source that the ignore file keeps out cannot be copied"
    assert all((ROOT / source).exists() for source in sources)
    assert "--require-hashes" in text
    assert text.index("\nUSER carehub") < text.index("\nCMD ")
    assert is_a_command(dockerfile_command())


@pytest.mark.quick
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_commands_that_exist_as_an_unprivileged_user(path: Path) -> None:
    service = unit(path)["Service"]

    commands = started_by(path)
    assert commands
    assert all(is_a_command(command) for command in commands)
    assert service["User"] == "carehub"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_the_roles_are_made_and_the_serving_one_cannot_change_tables() -> None:
    with temporary_folder() as folder, PostgresServer(folder / "postgres", free_port(), {"fsync": "off"}) as server:
        superuser = urlsplit(server.superuser_url)
        variables = {
            "PATH": f"{postgres_wheel().folder / 'bin'}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": superuser.password or "",
            "POSTGRES_USER": superuser.username or "",
            "CAREHUB_OWNER_PASSWORD": "owner",
            "CAREHUB_APP_PASSWORD": "app",
        }
        subprocess.run(["sh", DEPLOY / "postgres" / "roles.sh"], env=variables, check=True)
        owner, app = (f"postgres://carehub_{role}:{role}@127.0.0.1:{server.port}/carehub" for role in ("owner", "app"))
        subprocess.run(
            [sys.executable, "-m", "carehub", "migrate"],
            env=os.environ | {"DATABASE_URL": app, "DATABASE_OWNER_URL": owner},
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )

        with psycopg.connect(app, autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM directory_person").fetchone() == (0,)
            for forbidden in (
                "CREATE TABLE mine (i int)",
                "DELETE FROM audit_entry",
                "UPDATE events_event SET body = '{}'",
                "UPDATE core_installation SET clock_offset = '1 hour'",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)


def test_the_image_s_static_files_carry_their_checksum(tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    subprocess.run(
        [sys.executable, "-m", "carehub", "manage", "collectstatic", "--noinput"],
        env=os.environ | {"STATIC_ROOT": str(static)},
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )

    assert (static / "staticfiles.json").is_file()
