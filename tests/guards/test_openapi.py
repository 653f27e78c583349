"""The OpenAPI document is valid, complete, and what the running server does."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from carehub.cli.docs import FOLDER
from tests.cast import PLAN
from tests.clients import Answer, Api
from tests.guards.conversation import Said, conversation
from tests.guards.routes import doors
from tests.servers import Installation

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))
NOT_DESCRIBED = {"/api/v1/schema": "the document itself"}
"""Routes below /api/v1 that the document leaves out, each with what it is."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, method and operation."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


BY_ID = {operation["operationId"]: operation for _, _, operation in operations()}

each_operation = pytest.mark.parametrize("operation", BY_ID.values(), ids=BY_ID)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    """What a value has against a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def described(operation: dict[str, Any], status: int) -> dict[str, Any]:
    """The response of an operation for a status, its references followed."""
    responses: dict[str, Any] = operation["responses"]
    found: dict[str, Any] = responses.get(str(status), responses["default"])
    return DOCUMENT["components"]["responses"]["Refused"] if "$ref" in found else found


def check(operation: dict[str, Any], answer: Answer) -> None:
    """Fail unless the answer is as the document says."""
    response = described(operation, answer.status)
    if "content" not in response:
        assert answer.body == b""
        return
    media_type = answer.headers["Content-Type"]
    assert media_type in response["content"], media_type
    assert complaints(response["content"][media_type]["schema"], answer.json) == []
    for name in response.get("headers", {}):
        assert answer.headers[name], name


@pytest.mark.quick
def test_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


@pytest.mark.quick
def test_every_reference_leads_somewhere() -> None:
    for node in walk(DOCUMENT):
        if "$ref" in node:
            _, part, kind, name = node["$ref"].split("/")
            assert name in DOCUMENT[part][kind]


@pytest.mark.quick
def test_nothing_is_left_of_openapi_3_0() -> None:
    assert [node for node in walk(DOCUMENT) if "nullable" in node] == []


@pytest.mark.quick
def test_describes_exactly_the_routes_there_are() -> None:
    documented = {(path, method.upper()) for path, method, _ in operations()}
    routes = {(d.route.path, d.route.method) for d in doors() if d.route.path.startswith("/api/v1/")}

    assert {(path, method) for path, method in routes if path not in NOT_DESCRIBED} == documented
    assert set(NOT_DESCRIBED) <= {path for path, _ in routes}


@pytest.mark.quick
@each_operation
def test_each_operation_says_what_a_reader_needs(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"])
    assert operation["security"] in ([], [{"bearer": []}, {"cookie": []}])
    assert described(operation, 500)["content"].keys() == {"application/problem+json"}
    for parameter in operation.get("parameters", []):
        assert parameter["schema"]
        assert parameter["in"] != "path" or {"type", "format"} & parameter["schema"].keys()


@pytest.mark.quick
def test_a_care_write_takes_a_key_and_a_revision_an_etag() -> None:
    def headers(name: str) -> set[str]:
        return {p["name"] for p in BY_ID[name]["parameters"] if p["in"] == "header" and p["required"]}

    keyed = {o["operationId"] for _, _, o in operations() if "Idempotency-Key" in headers_of(o)}
    assert keyed == {
        "addMember", "addShift", "adoptRules", "answerFlag", "cancelShift", "closeIncident", "comeBack",
        "deactivatePerson", "endMembership", "goAway", "postMessage", "progressGoal", "raiseFlag", "revisePlan",
    }  # fmt: skip
    assert headers("revisePlan") == {"Idempotency-Key", "If-Match"}
    assert {"412", "428"} <= BY_ID["revisePlan"]["responses"].keys()
    assert {"412", "428"} <= BY_ID["adoptRules"]["responses"].keys()
    for name, status in (("getCurrentPlan", "200"), ("getRevision", "200"), ("revisePlan", "201")):
        assert "ETag" in BY_ID[name]["responses"][status]["headers"]


def headers_of(operation: dict[str, Any]) -> set[str]:
    """The request headers that an operation takes."""
    return {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}


@pytest.mark.quick
def test_a_body_that_is_not_as_described_is_noticed() -> None:
    me = described(BY_ID["getMe"], 200)["content"]["application/json"]["schema"]

    assert complaints(me, {"id": "no uuid", "name": "Maya", "roles": []})
    event = {"$ref": "#/components/schemas/EventOut"}
    whole = {
        "id": "0199f5c0-0000-7000-8000-000000000000", "type": "record.opened", "topic": "", "priority": "routine",
        "record_id": "0199f5c0-0000-7000-8000-000000000000", "at": "2026-11-22T08:00:00Z", "author": None,
    }  # fmt: skip
    assert complaints(event, {**whole, "body": {"title": "Grief"}}) == []
    assert complaints(event, {**whole, "body": {"heading": "Grief"}})
    assert complaints(event, {**whole, "at": "yesterday", "body": {"title": "Grief"}})


@pytest.mark.slow
def test_the_running_server_answers_every_operation_as_described(house: Installation) -> None:
    web = house.web()

    said = list(conversation(house, web.url))

    assert {one.operation for one in said} == set(BY_ID)
    for one in said:
        _check_success(one)
    assert Api(web.url).get("/schema").json == DOCUMENT


def _check_success(one: Said) -> None:
    operation = BY_ID[one.operation]
    assert str(one.answer.status) in operation["responses"], (one.operation, one.answer.status, one.answer.body)
    assert one.answer.status < 300
    check(operation, one.answer)
    if one.body is not None:
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        assert complaints(asked, one.body) == [], one.operation


@pytest.mark.slow
def test_the_running_server_refuses_as_described(house: Installation) -> None:
    web = house.web()
    record = f"/records/{house.record_id()}"
    maya, carl, nobody = Api.log_in(web.url, "Maya"), Api.log_in(web.url, "Carl"), Api(web.url)
    plan = {"definition": PLAN, "rationale": "First"}
    assert maya.post(f"{record}/plan/revisions", plan, If_Match='"0"').status == 201

    refusals = [
        (401, "getMe", nobody.get("/me")),
        (401, "logIn", nobody.post("/tokens", {"email": "maya@example.test", "password": "wrong"})),
        (403, "getCurrentPlan", carl.get(f"{record}/plan")),
        (404, "getRevision", maya.get(f"{record}/plan/revisions/7")),
        (405, "getMe", maya.call("PUT", "/me", {})),
        (412, "revisePlan", maya.post(f"{record}/plan/revisions", plan, If_Match='"0"')),
        (415, "postMessage", maya.post(f"{record}/messages", {"text": "x"}, Content_Type="text/plain")),
        (422, "postMessage", maya.post(f"{record}/messages", {"text": ""})),
        (428, "revisePlan", maya.post(f"{record}/plan/revisions", plan)),
    ]
    for status, name, answer in refusals:
        assert answer.status == status, (name, answer.body)
        check(BY_ID[name], answer)
        assert answer.json["status"] == status
