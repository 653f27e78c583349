"""The AsyncAPI document is well-formed, complete, and what the live socket says and takes."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker

from carehub.cli.docs import FOLDER
from carehub.delivery import frames
from tests.clients import Api, Socket, run
from tests.guards.conversation import FLAG
from tests.servers import Installation

DOCUMENT: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))


def kinds(union: Any) -> set[str]:
    """The kinds of frames in one direction, as the code has them."""
    return {frame.__struct_config__.tag for frame in get_args(union)}


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def at(reference: str) -> Any:
    """What a reference leads to. Raises KeyError when it leads nowhere."""
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def messages(operation: str) -> dict[str, dict[str, Any]]:
    """The messages of an operation by kind, through the channel."""
    references = [message["$ref"] for message in DOCUMENT["operations"][operation]["messages"]]
    return {reference.rpartition("/")[2]: at(at(reference)["$ref"]) for reference in references}


def complaints(operation: str, frame: dict[str, Any]) -> list[str]:
    """What a frame has against the document."""
    known = messages(operation)
    if frame.get("kind") not in known:
        return [f"unknown kind {frame.get('kind')}"]
    schema = {**known[frame["kind"]]["payload"], "components": DOCUMENT["components"]}
    whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    validator = Draft7Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(frame)]


@pytest.mark.quick
def test_is_asyncapi_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    assert DOCUMENT.keys() <= {
        "asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components",
    }  # fmt: skip
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert at(operation["channel"]["$ref"])["address"] == "/ws/v1/live"
    for server in DOCUMENT["servers"].values():
        assert server.keys() >= {"host", "protocol"}
        assert set(re.findall(r"{(\w+)}", server["host"])) == set(server["variables"])
        assert [at(entry["$ref"])["type"] for entry in server["security"]] == ["httpApiKey", "httpApiKey"]


@pytest.mark.quick
def test_every_reference_leads_somewhere() -> None:
    references = [node["$ref"] for node in walk(DOCUMENT) if "$ref" in node]

    assert references
    assert [at(reference) for reference in references]
    with pytest.raises(KeyError):
        at("#/components/schemas/Nothing")


@pytest.mark.quick
def test_each_schema_is_a_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)


@pytest.mark.quick
def test_has_every_frame_in_its_direction_with_a_sentence() -> None:
    assert messages("tell").keys() == kinds(frames.ServerFrame)
    assert messages("hear").keys() == kinds(frames.ClientFrame)
    for message in (messages("tell") | messages("hear")).values():
        assert message["summary"]
        assert message["contentType"] == "application/json"


@pytest.mark.quick
def test_close_codes_are_those_of_the_protocol() -> None:
    protocol = (FOLDER / "protocol.md").read_text(encoding="utf-8").partition("## Close codes")[2]
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", protocol, re.M) for code in row.split(", ")}

    assert {int(code) for code in DOCUMENT["channels"]["live"]["x-close-codes"]} == told - {1000, 1001}
    assert all(code in DOCUMENT["channels"]["live"]["description"] for code in map(str, frames.CLOSE_CODES))


@pytest.mark.quick
def test_a_frame_that_is_not_as_described_is_noticed() -> None:
    assert complaints("tell", {"kind": "head", "n": 1, "open": 0}) == []
    assert complaints("tell", {"kind": "head", "n": "1", "open": 0})
    assert complaints("tell", {"kind": "head", "n": 1, "open": 0, "more": 1})
    assert complaints("tell", {"kind": "typing"})
    assert complaints("hear", {"kind": "seen", "n": []})


@pytest.mark.slow
def test_each_frame_of_the_running_server_is_as_described(house: Installation) -> None:
    web = house.web()
    record = house.record_id()
    paula, maya, cora = (Api.log_in(web.url, name) for name in ("Paula", "Maya", "Cora"))
    told: list[dict[str, Any]] = []

    async def scenario() -> None:
        author, asked = await Socket.open(paula), await Socket.open(maya, resume=False)
        await asked.send(kind="resume", cursor="999.1")
        resync = await asked.next("resync")
        await asked.send(kind="resume", cursor=resync["cursor"])
        await asyncio.to_thread(paula.post, f"/records/{record}/flags", FLAG)
        event = await asked.next("event", type="flag.raised")
        await asked.send(kind="acknowledge", n=[event["n"]])
        await asked.next("error", in_reply_to="acknowledge")
        await asked.send(kind="typing")
        await asked.next("error", code="invalid-frame")
        await author.next("receipt", n=None)
        overseer = await Socket.open(cora)
        asks = {"text": "Please call.", "mentioned_roles": ["primary-care-physician"], "asks_acknowledgement": True}
        await asyncio.to_thread(maya.post, f"/records/{record}/messages", asks)
        await author.send(kind="acknowledge", n=[(await author.next("event", type="message.posted"))["n"]])
        await overseer.next("overseen")
        await asked.next("head", seconds=30)
        told.extend(author.frames + asked.frames + overseer.frames)

    run(scenario)

    assert {frame["kind"] for frame in told} == kinds(frames.ServerFrame)
    assert [(frame, found) for frame in told if (found := complaints("tell", frame))] == []


@pytest.mark.slow
def test_each_described_client_frame_is_taken_and_no_other(house: Installation) -> None:
    web = house.web()
    record = house.record_id()
    maya, nils = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Nils")

    async def scenario() -> None:
        socket = await Socket.open(nils, resume=False)
        said: list[dict[str, Any]] = [{"kind": "resume", "cursor": socket.cursor}]
        await socket.send(**said[0])
        await asyncio.to_thread(maya.post, f"/records/{record}/messages", {"text": "Good morning"})
        n = (await socket.next("event", type="message.posted"))["n"]
        said += [{"kind": "received", "n": n}, {"kind": "seen", "n": [n]}, {"kind": "acknowledge", "n": [n]}]
        for frame in said[1:]:
            await socket.send(**frame)
        await socket.next("receipt", n=n, state="acknowledged")
        assert {frame["kind"] for frame in said} == messages("hear").keys()
        assert [frame for frame in said if complaints("hear", frame)] == []
        assert [frame for frame in socket.frames if frame["kind"] == "error"] == []

        for frame in (
            {"kind": "received", "n": -1},
            {"kind": "seen", "n": n},
            {"kind": "acknowledge", "n": [n], "x": 1},
        ):
            assert complaints("hear", frame)
            await socket.send(**frame)
            await socket.next("error", code="invalid-frame")

    run(scenario)
