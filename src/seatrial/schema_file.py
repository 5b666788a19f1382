"""The JSON Schema of a scenario, with the names of everything in the catalogue, so that editors can complete them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from seatrial.reports.judge import definitions
from seatrial.scenarios.loader import world_named, worlds
from seatrial.scenarios.schema import MINUTES, TARGETS, RuleSpec, Scenario
from seatrial.schema_types import DEFINITIONS, Json, SchemaWriter
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.conduct import Conduct

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def scenario_schema() -> Json:
    """JSON Schema (draft 7) of a scenario file."""
    parts: Json = {}
    writer, changes = SchemaWriter(parts), SchemaWriter(parts, change=True)
    writer.of(Scenario)
    scenario, rule = parts[Scenario.__name__], parts[RuleSpec.__name__]
    _name_faults(rule, writer)
    properties: Json = scenario["properties"]
    properties["world"] |= {"enum": list(worlds())}
    _name_integrations(scenario, writer)
    properties["partners"] |= _partners(changes)
    properties["expect"] |= _limits()
    properties["minutes_per_exception"] |= {"propertyNames": {"enum": list(MINUTES)}}
    properties["service_targets"] |= {"propertyNames": {"enum": list(TARGETS)}}
    return {
        "$schema": _DRAFT,
        "title": "Seatrial scenario",
        "$ref": DEFINITIONS + Scenario.__name__,
        "definitions": parts,
    }


def _name_faults(rule: Json, writer: SchemaWriter) -> None:
    """The fault decides what stands in `with`."""
    catalogue = Catalogue("faults")
    rule["properties"]["fault"] |= {"enum": list(catalogue.names())}
    rule["properties"]["at"] |= {"examples": _targets()}
    rule["allOf"] = list(_by_name("fault", "with", catalogue.names(), lambda name: writer.of(catalogue.get(name))))


def _name_integrations(scenario: Json, writer: SchemaWriter) -> None:
    """The integration decides what stands in `controls`."""
    catalogue = Catalogue("integrations")
    properties = scenario["properties"]
    properties["integration"] |= {"enum": list(catalogue.names())}
    settings = _settings(catalogue, writer)
    unsaid = {"if": {"required": ["integration"]}, "else": {"properties": {"controls": settings(_by_default())}}}
    scenario["allOf"] = [unsaid, *_by_name("integration", "controls", catalogue.names(), settings)]


def _by_default() -> str:
    fields = {field.name: field.default for field in msgspec.structs.fields(Scenario)}
    return str(fields["integration"])


def _partners(changes: SchemaWriter) -> Json:
    """Partners of a world are changed, further ones name their kind; the kind decides what stands in `settings`."""
    catalogue = Catalogue("partners")
    settings = _settings(catalogue, changes)
    partner: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "kind": {"enum": list(catalogue.names()), "description": "Kind of the partner."},
            "settings": {"type": "object", "description": "Its parameters; they belong to the kind."},
            "conduct": {"allOf": [changes.of(Conduct)], "description": "Its policies."},
        },
        "allOf": list(_by_name("kind", "settings", catalogue.names(), settings)),
    }
    changes.definitions["Partner"] = partner
    whole = {"$ref": f"{DEFINITIONS}Partner"}
    known = {
        name: {"allOf": [whole, {"if": {"required": ["kind"]}, "else": {"properties": {"settings": settings(kind)}}}]}
        for name, kind in _network()
    }
    return {"properties": known, "additionalProperties": {"allOf": [whole, {"required": ["kind"]}]}}


def _limits() -> Json:
    """Names of readings; where a part of the name depends on the run, or is a pattern, anything may stand there."""
    known = definitions()
    fixed = [each for each in known if "*" not in each.name]
    open_names = [re.escape(each.name).replace(r"\*", ".+") for each in known if "*" in each.name]
    patterns = "|".join([*open_names, r".*[*?\[].*"])
    return {
        "properties": {each.name: {"type": ["string", "number"], "description": each.meaning} for each in fixed},
        "propertyNames": {"anyOf": [{"enum": [each.name for each in fixed]}, {"pattern": f"^({patterns})$"}]},
    }


def _by_name(field: str, inner: str, names: Sequence[str], schema: Callable[[str], Json]) -> Iterator[Json]:
    """One condition for each name: where `field` is it, `inner` looks like this."""
    for name in names:
        chosen = {"properties": {field: {"const": name}}, "required": [field]}
        yield {"if": chosen, "then": {"properties": {inner: schema(name)}}}


def _settings(catalogue: Catalogue, writer: SchemaWriter) -> Callable[[str], Json]:
    def settings(name: str) -> Json:
        kind: Any = catalogue.get(name)
        holder: type[msgspec.Struct] = kind.Settings
        return writer.of(holder)

    return settings


def _network() -> Iterator[tuple[str, str]]:
    """Partners of the worlds that come with Seatrial, with their kinds."""
    for name in worlds():
        yield from ((partner, spec.kind) for partner, spec in world_named(name).partners.items())


def _targets() -> list[str]:
    """What a rule can aim at in these worlds."""
    catalogue = Catalogue("partners")
    found: list[str] = []
    for partner, kind in dict(_network()).items():
        operations = getattr(catalogue.get(kind), "operations", {}).values()
        events = getattr(catalogue.get(kind), "events", ())
        found += [partner, *(f"{partner}.{each}" for each in (*sorted(op.name for op in operations), *events))]
    return found
