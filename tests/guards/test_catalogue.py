"""Events, actions, the trail's verbs and the capabilities: each is declared, used and exercised."""

import ast
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import getsource
from typing import Any

import pytest

from carehub.access.capabilities import Capability
from carehub.access.roles import EVENT_READ, MATRIX
from carehub.access.rulebook import BUILT_IN
from carehub.access.rules import ADDRESSED_ONLY, NEVER_ESCALATES
from carehub.audit.trail import VERBS
from carehub.directory.models import Role
from carehub.events.catalogue import CATALOGUE
from tests.actions.scenarios import SCENARIOS
from tests.guards.routes import doors
from tests.servers import ROOT

pytestmark = pytest.mark.quick

NOT_CARE = {
    "carehub.access.actions.adopt_rules": "an organization's choice; tests/access/test_adopt_rules.py has its tests",
    "carehub.accounts.actions.issue_token": "a log-in; tests/accounts has its tests",
    "carehub.accounts.actions.revoke_token": "a log-out",
    "carehub.accounts.actions.issue_ticket": "lets a socket in",
    "carehub.accounts.actions.set_time_zone": "a person's own clock; tests/delivery/test_preferences.py has its tests",
    "carehub.records.actions.cover.add_shift": "the rota; tests/records/test_rota.py has its tests",
    "carehub.records.actions.cover.cancel_shift": "the rota",
    "carehub.records.actions.cover.go_away": "the rota",
    "carehub.records.actions.cover.come_back": "the rota",
    "carehub.delivery.actions.incidents.ask_again": "queues notices; tests/delivery/test_ladder.py has its tests",
    "carehub.delivery.actions.gateways.rotate_secret": "a way out; tests/delivery/test_gateways.py has its tests",
    "carehub.delivery.actions.gateways.close_gateway": "a way out",
    "carehub.delivery.actions.gateways.try_gateway": "a way out",
    "carehub.delivery.actions.gateways.add_contact_point": "one's own; tests/delivery/test_gateways.py has its tests",
    "carehub.delivery.actions.gateways.remove_contact_point": "one's own",
    "carehub.delivery.actions.preferences.set_preferences": "one's own; see tests/delivery/test_preferences.py",
}
"""Actions with a transaction that change nothing of care and publish nothing, each with what it is."""


def sources(pattern: str) -> Iterator[str]:
    """The texts of the modules of carehub and config that match."""
    for folder in ("carehub", "config"):
        for file in sorted((ROOT / folder).rglob(pattern)):
            if "migrations" not in file.parts:
                yield file.read_text(encoding="utf-8")


def actions() -> set[str]:
    """The qualified name of every public function with a transaction in a room's actions."""
    found: set[str] = set()
    for file in sorted([*(ROOT / "carehub").glob("*/actions.py"), *(ROOT / "carehub").glob("*/actions/*.py")]):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        found.update(f"{module}.{name}" for name in with_transaction(file.read_text(encoding="utf-8")))
    return found


def with_transaction(source: str) -> set[str]:
    """The public functions of a module that carry @transaction.atomic."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return {
        f.name
        for f in functions
        if not f.name.startswith("_") and any("transaction.atomic" in ast.unparse(d) for d in f.decorator_list)
    }


def exercised() -> set[str]:
    """The qualified names of the actions that have a scenario."""
    return {f"{scenario.action.__module__}.{scenario.action.__name__}" for scenario in SCENARIOS}


def published(modules: Iterable[str]) -> set[str]:
    """The facts that these modules make, by class."""
    names = {fact.__name__: type for type, fact in CATALOGUE.items()}
    calls = (node for text in modules for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return {names[call.func.id] for call in calls if isinstance(call.func, ast.Name) and call.func.id in names}


def verbs(modules: Iterable[str]) -> set[str]:
    """The verbs that are written to the trail: by its functions, and by the receipts' statement."""
    found = set()
    for text in modules:
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="trail"), attr="wrote" | "read"), args=[verb, *_]):
                    assert isinstance(verb, ast.Constant), f"a verb that is not written out: {ast.unparse(node)}"
                    found.add(str(verb.value))
                case ast.Call(func=ast.Attribute(value=ast.Name(id="trail"), attr="denied")):
                    found.add("access.denied")
                case ast.Constant(value=str(text)) if "INSERT INTO audit_entry" in text:
                    found.update(re.findall(r"'(?:done|read|denied)', '([a-z.]+)'", text))
    return found


def unused_capabilities(texts: Iterable[str], on_doors: set[object]) -> set[Capability]:
    """Capabilities that no door names and no action, query or rule asks for."""
    said = {name for text in texts for name in re.findall(r"\bCapability\.([A-Z_]+)", text)}
    return {capability for capability in Capability if capability.name not in said and capability not in on_doors}


def test_each_event_has_a_reader_and_belongs_to_the_catalogue() -> None:
    assert set(EVENT_READ) == set(CATALOGUE)
    assert set(CATALOGUE) >= ADDRESSED_ONLY | NEVER_ESCALATES
    for fact in CATALOGUE.values():
        assert fact.phrase
        assert fact.__struct_config__.frozen
        assert fact.__struct_config__.forbid_unknown_fields


def test_the_built_in_book_says_how_pressing_each_event_is() -> None:
    missing = set(CATALOGUE) - {rule.event for rule in BUILT_IN.priorities}

    assert missing == set(), "each needs a line under `priorities` in carehub/access/rulebook.json"


def test_each_event_is_published_by_an_action_that_is_exercised() -> None:
    made = [*sources("actions.py"), *sources("actions/*.py")]
    assert published(made) == set(CATALOGUE)
    assert {scenario.type for scenario in SCENARIOS} == set(CATALOGUE)


def test_an_event_that_nobody_publishes_is_noticed() -> None:
    assert published(["publish(FlagRaised(flag_id=id), to=audience)"]) == {"flag.raised"}


def test_each_action_that_changes_care_is_exercised() -> None:
    assert actions() - set(NOT_CARE) == exercised()


def test_what_is_not_care_is_still_there_and_publishes_nothing() -> None:
    assert set(NOT_CARE) - actions() == set()
    for name in NOT_CARE:
        module, _, function = name.rpartition(".")
        called = getsource(getattr(import_module(module), function))
        assert "publish(" not in called, name


def test_an_action_without_a_scenario_is_noticed() -> None:
    source = "@transaction.atomic\ndef pause_plan(): ...\n\n@transaction.atomic\ndef _helper(): ...\n\ndef free(): ..."

    assert with_transaction(source) == {"pause_plan"}


def test_each_verb_of_the_trail_is_written_and_each_written_one_is_a_verb() -> None:
    assert verbs(sources("*.py")) == set(VERBS)


def test_a_verb_is_noticed_wherever_it_is_written() -> None:
    statement = "SQL = \"INSERT INTO audit_entry VALUES (now(), 'done', 'event.acknowledge')\""

    assert verbs(['trail.wrote("plan.burn", by=x)', "trail.denied(by=x)", statement]) == {
        "plan.burn",
        "access.denied",
        "event.acknowledge",
    }


def test_each_capability_is_asked_for_and_held_by_somebody() -> None:
    asked = [text for name in ("actions.py", "actions/*.py", "queries.py", "api.py") for text in sources(name)]
    on_doors: set[object] = {door.capability for door in doors()}

    assert unused_capabilities(asked, on_doors) == set()
    assert set(Capability) == set().union(*MATRIX.values())


def test_a_capability_that_nobody_asks_for_is_noticed() -> None:
    found: Any = unused_capabilities(["require(by, Capability.PLAN_READ, record)"], {"plan.revise"})

    assert found == set(Capability) - {Capability.PLAN_READ, Capability.PLAN_REVISE}


def test_each_role_has_its_line_in_the_matrix() -> None:
    assert set(MATRIX) == set(Role)
