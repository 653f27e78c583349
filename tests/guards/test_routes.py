"""Each route names who may, and each is exercised by a test."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from carehub.access.capabilities import Capability
from config.operation import SCOPES
from tests.guards.routes import METHODS, Door, Route, doors
from tests.servers import ROOT

pytestmark = pytest.mark.quick

UNGUARDED = {
    Route("/livez"): "asked by supervisors and load balancers, which have no log-in; says only that the process lives",
    Route("/readyz"): "as /livez; names checks and remedies, nothing of care",
}
"""Routes that name no capability, each with the reason."""

NAMES = frozenset(SCOPES) | frozenset(Capability)


def unguarded(found: Iterator[Door]) -> set[Route]:
    """Routes whose door does not say who may."""
    return {door.route for door in found if door.capability not in NAMES}


def test_each_says_who_may() -> None:
    assert unguarded(doors()) - set(UNGUARDED) == set()


def test_the_exceptions_are_still_needed() -> None:
    assert set(UNGUARDED) - unguarded(doors()) == set()


def test_a_door_that_says_nothing_is_noticed() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert unguarded(doors([path("new/<uuid:id>", view)])) == {Route("/new/{id}")}


EXERCISED_HERE = {
    Route("/api/v1/schema", "GET"): "test_openapi.py compares what it answers with docs/openapi.json",
    Route("/api/docs", "GET"): "tests/browser/test_api_docs.py looks at it",
}
"""Routes that no room owns and these guards test."""

_HOLE = "\0"
_WORDS = {word: method for method in METHODS for word in (method, method.upper())}

Spoken = set[tuple[str, str]]
"""Method and address as a test says them; `get` where it says no method."""


def spoken(*, of_pages: bool) -> Spoken:
    """Every text of the console's tests (or of all others) that could be an address, what is filled in as a hole.

    The two are apart because pages and API share addresses below their prefixes.
    """
    found: Spoken = set()
    for file in (ROOT / "tests").rglob("*.py"):
        folder = file.relative_to(ROOT / "tests").parts[0]
        if folder != "guards" and (folder in ("console", "browser")) == of_pages:
            found |= spoken_in(file.read_text(encoding="utf-8"))
    return found


def spoken_in(source: str) -> Spoken:
    """The addresses in one module, each with the method of the call or the tuple that it stands in."""
    found = {("get", address) for node in ast.walk(ast.parse(source)) for address in _addresses(node)}
    for node in ast.walk(ast.parse(source)):
        inside: list[ast.expr] = []
        named = None
        if isinstance(node, ast.Call):
            inside = [*node.args, *(keyword.value for keyword in node.keywords)]
            named = getattr(node.func, "attr", None)
            if named == "to_thread" and inside:
                named = getattr(inside[0], "attr", None)
        elif isinstance(node, ast.Tuple):
            inside = node.elts
        methods = {_WORDS[word] for word in (named, *map(_text, inside)) if word in _WORDS}
        found.update((method, address) for part in inside for address in _addresses(part) for method in methods)
    return found


def _addresses(node: ast.AST) -> list[str]:
    text = _text(node)
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format":
        text = _text(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return [re.sub(r"\{\w*\}", _HOLE, text.partition("?")[0])] if "/" in text else []


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else _HOLE for v in node.values)
    return ""


def is_spoken(route: Route, said: Spoken) -> bool:
    """Whether a test calls this: every parameter filled in, the API's prefix said or left to the client."""
    shape = re.sub(r"\\\{\w+\\\}", rf"(?:{_HOLE}|[0-9a-z-]+)", re.escape(route.path))
    shape = shape.replace(re.escape("/api/v1"), "(?:/api/v1)?")
    below_record = shape.removeprefix(rf"/records/(?:{_HOLE}|[0-9a-z-]+)/")
    pattern = re.compile(rf"{_HOLE}?{shape}" + (f"|{below_record}" if below_record != shape else ""))
    methods = {route.method.lower()} if route.method else set(METHODS)
    return any(method in methods and pattern.fullmatch(address) for method, address in said)


def test_each_is_called_by_a_test() -> None:
    of_pages, of_others = spoken(of_pages=True), spoken(of_pages=False)
    silent = set()
    for door in doors():
        said = of_pages if door.view.__module__.startswith("carehub.console.") else of_others
        if not is_spoken(door.route, said):
            silent.add(door.route)

    assert silent - set(EXERCISED_HERE) == set()


def test_what_is_exercised_here_is_a_route() -> None:
    assert set(EXERCISED_HERE) - {door.route for door in doors()} == set()


def test_a_route_that_no_test_calls_is_noticed() -> None:
    said = spoken_in("""
api.get(f"/records/{record}/plan")
api.call("POST", "/records/{r}/flags".format(r=record))
asyncio.to_thread(maya.post, f"/records/{record}/messages", {})
CALLS = (("PATCH", "/records/{record}/plan/goals/{thing}", {}),)
""")
    record = "/api/v1/records/{record_id}"

    assert is_spoken(Route(f"{record}/plan", "GET"), said)
    assert is_spoken(Route(f"{record}/flags", "POST"), said)
    assert is_spoken(Route(f"{record}/messages", "POST"), said)
    assert is_spoken(Route(f"{record}/plan/goals/{{goal_id}}", "PATCH"), said)
    assert is_spoken(Route("/records/{record_id}/plan"), said)
    assert is_spoken(Route("/records/{record_id}/members/{membership_id}/end"), {("get", f"members/{_HOLE}/end")})
    assert not is_spoken(Route(f"{record}/plan", "PATCH"), said)
    assert not is_spoken(Route(f"{record}/plan/revisions", "GET"), said)
    assert not is_spoken(Route(record, "GET"), said)
