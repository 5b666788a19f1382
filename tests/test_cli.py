"""The command line as a whole: help, lists from the catalogue, the schema, the doctor."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from errno import EIO
from io import StringIO
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
import yaml
from click.testing import CliRunner
from rich.console import Console

import seatrial
from seatrial import cli_doctor, cli_errors
from seatrial.cli import main
from seatrial.cli_list import EXTENSIONS
from seatrial.scenarios.loader import library, load_scenario
from seatrial.schema_file import scenario_schema
from seatrial.sim.catalogue import Catalogue

LIBRARY = Path(seatrial.__file__).parent / "scenarios" / "library"


def printed(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, arguments)
    assert "Traceback" not in result.output
    assert result.exit_code == code, result.output
    return result.stdout


def test_a_terminal_that_has_gone_changes_no_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever started it reads the code, even where nobody can read the sentence."""

    class Gone(StringIO):
        def write(self, text: str) -> int:
            raise OSError(EIO, "Input/output error")

    monkeypatch.setattr(cli_errors, "errors", lambda: Console(file=Gone()))
    assert printed("run", "no-such-scenario", code=2) == ""


@pytest.mark.parametrize("name", ["", *main.commands])
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    """Its help says what it does and shows at least one call."""
    shown = printed(*([name] if name else []), "--help")
    assert re.search(rf"^\s+seatrial {name}", shown, re.MULTILINE)
    known = main.commands[name] if name else main
    options = [each for each in known.params if isinstance(each, click.Option) and each.name != "help"]
    assert [each.name for each in options if not each.help] == []


def test_the_exit_codes_are_in_the_help() -> None:
    """Whoever writes a CI job finds them."""
    shown = printed("--help")
    for code, word in enumerate(("passed", "violated", "bad input", "harness error", "inconclusive")):
        assert f"{code}  {word}" in shown


def test_the_version_is_that_of_the_package() -> None:
    """`seatrial --version` says what the package index would say."""
    assert printed("--version").strip().endswith(seatrial.__version__)


@pytest.mark.parametrize("shelf", EXTENSIONS)
def test_a_list_is_the_catalogue(shelf: str) -> None:
    """Every extension of the kind has its line: name and summary."""
    shown = printed("list", shelf)
    for name in Catalogue(shelf).names():
        assert re.search(rf"^{name}\s+{re.escape(Catalogue(shelf).describe(name).summary[:40])}", shown, re.MULTILINE)


@pytest.mark.parametrize("shelf", EXTENSIONS)
def test_a_long_list_names_every_parameter(shelf: str) -> None:
    """Each with what it takes and what it means."""
    shown = printed("list", shelf, "--long")
    for name in Catalogue(shelf).names():
        for parameter in Catalogue(shelf).describe(name).parameters:
            assert re.search(rf"^  {parameter.name}\s+{re.escape(parameter.type[:20])}", shown, re.MULTILINE)


@pytest.mark.parametrize("reading", ["lost.sales_order", "lost.total"])
def test_a_reading_leads_to_its_measure(reading: str) -> None:
    """Verdicts and limits name readings: whoever asks for one gets the measure with all that it reads."""
    assert printed("list", "measures", reading) == printed("list", "measures", "lost")
    assert printed("list", "measures", reading, "lost") == printed("list", "measures", "lost")


def test_a_reading_that_depends_on_the_run_leads_to_its_measure() -> None:
    """Where a part of the name is the run's own, any word may stand there."""
    assert printed("list", "measures", "recovery.down@erp") == printed("list", "measures", "recovery")


def test_scenarios_are_listed_with_what_they_ask() -> None:
    """Name and question."""
    shown = printed("list", "scenarios")
    for name in library():
        assert re.search(rf"^{name}\s+{re.escape(load_scenario(name).scenario.asks[:40])}", shown, re.MULTILINE)


def test_a_scenario_is_shown_as_it_is_written() -> None:
    """With its file, to copy from."""
    shown = printed("list", "scenarios", "calm-day")
    assert str(LIBRARY / "calm-day.yaml") in shown
    assert "    duration: 1 d" in shown


def test_a_list_of_everything_names_every_shelf() -> None:
    """Without a word all shelves are shown."""
    shown = printed("list")
    assert [shelf for shelf in ("scenarios", *EXTENSIONS) if f"{shelf}\n" not in shown] == []


def complaints(schema: Any, value: Any, root: Any, at: str = "$") -> Iterator[str]:
    """What a JSON Schema (the words of draft 7 that ours uses) has against a value."""
    if "$ref" in schema:
        yield from complaints(root["definitions"][schema["$ref"].rpartition("/")[2]], value, root, at)
        return
    kinds = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "object": dict, "array": list}
    wanted = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if wanted and not any(
        value is None
        if kind == "null"
        else isinstance(value, kinds[kind]) and (kind == "boolean") == isinstance(value, bool)
        for kind in wanted
    ):
        yield f"{at}: {value!r} is no {wanted}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not in {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: {value!r} is not like {schema['pattern']}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value!r} is out of range"
    for part in schema.get("allOf", ()):
        yield from complaints(part, value, root, at)
    if "anyOf" in schema and all(any(complaints(part, value, root, at)) for part in schema["anyOf"]):
        yield f"{at}: {value!r} is none of {len(schema['anyOf'])} kinds"
    if "if" in schema:
        branch = "else" if any(complaints(schema["if"], value, root, at)) else "then"
        yield from complaints(schema.get(branch, {}), value, root, at)
    yield from _inner_complaints(schema, value, root, at)


def _inner_complaints(schema: Any, value: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, each in value.items():
            yield from complaints(schema.get("propertyNames", {}), name, root, f"{at}.{name}")
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            if inner is False:
                yield f"{at}: {name} is unknown"
            elif inner is not True:
                yield from complaints(inner, each, root, f"{at}.{name}")
    if isinstance(value, list):
        items = schema.get("items", {})
        kinds = items if isinstance(items, list) else [items] * len(value)
        for number, (kind, each) in enumerate(zip(kinds, value, strict=True)):
            yield from complaints(kind, each, root, f"{at}[{number}]")


class Texts(yaml.SafeLoader):
    """Reads moments as the texts that an editor sees."""


Texts.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


@pytest.fixture(scope="module")
def schema() -> Any:
    return msgspec.json.decode(printed("schema"))


def test_the_schema_holds_together(schema: Any) -> None:
    """Every reference leads somewhere, and the printed schema is the one that was made."""
    assert schema == msgspec.to_builtins(scenario_schema())
    referred = set(re.findall(r'"#/definitions/([^"]+)"', msgspec.json.encode(schema).decode()))
    assert referred - {""} <= schema["definitions"].keys()


def test_the_schema_is_valid_draft_7(schema: Any) -> None:
    """Where a validator is installed, it agrees; and it finds no fault with the library."""
    validators = pytest.importorskip("jsonschema")
    validators.Draft7Validator.check_schema(schema)
    for name in library():
        plain = yaml.load((LIBRARY / f"{name}.yaml").read_text(encoding="utf-8"), Texts)
        assert list(validators.Draft7Validator(schema).iter_errors(plain)) == []


@pytest.mark.parametrize("name", library())
def test_the_library_satisfies_the_schema(name: str, schema: Any) -> None:
    """An editor has nothing against a scenario that Seatrial accepts."""
    plain = yaml.load((LIBRARY / f"{name}.yaml").read_text(encoding="utf-8"), Texts)
    assert list(complaints(schema, plain, schema)) == []


@pytest.mark.parametrize(
    "change",
    [
        "integration: resilent",
        "world: standart",
        "controls: {retrys: false}",
        "faults: [{fault: lost_replay}]",
        "faults: [{fault: lost_reply, with: {how: slience}}]",
        "faults: [{fault: latency, with: {dealy: 2 s}}]",
        "faults: [{fault: latency, direction: sideways}]",
        "expect: {duplicate.total: 0}",
        "expect: {duplicates.total: [0]}",
        "partners: {north: {settings: {pickres: 3}}}",
        "partners: {west: {settings: {}}}",
        "partners: {north: {kind: warehose}}",
        "partners: {erp: {conduct: {auth: {kind: beerer}}}}",
        "minutes_per_exception: {logistic: 3}",
        "service_targets: {placed_to_shiped: 2 d}",
        "duration: 3600",
        "duration: soon",
        "fualts: []",
    ],
)
def test_the_schema_marks_a_mistake(change: str, schema: Any) -> None:
    """Names that the catalogue does not know and numbers without a unit are marked while they are written."""
    plain = yaml.load((LIBRARY / "calm-day.yaml").read_text(encoding="utf-8"), Texts) | yaml.safe_load(change)
    assert list(complaints(schema, plain, schema)) != []


def test_the_schema_names_everything_in_the_catalogue(schema: Any) -> None:
    """Faults, integrations and kinds of partners can be completed; each parameter has its meaning."""
    parts = schema["definitions"]
    assert parts["RuleSpec"]["properties"]["fault"]["enum"] == list(Catalogue("faults").names())
    assert parts["Scenario"]["properties"]["integration"]["enum"] == list(Catalogue("integrations").names())
    assert parts["Partner"]["properties"]["kind"]["enum"] == list(Catalogue("partners").names())
    assert "erp.create_sales_order" in parts["RuleSpec"]["properties"]["at"]["examples"]
    assert parts["LostReply"]["properties"]["how"]["description"].startswith("What the sender sees")


def test_the_doctor_finds_this_machine_well(tmp_path: Path) -> None:
    """Each look has its line, and nothing is left behind."""
    shown = printed("doctor", "--out", str(tmp_path / "runs"))
    for what in ("Python", "packages", "extras", "extensions", "clock", "disk", "one seed, one history"):
        assert f"ok     {what}: " in shown
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another digest in another process, or a folder that cannot be written, fails with advice and exit code 3."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(cli_doctor, "probe", lambda: "0" * 64)
    shown = printed("doctor", "--out", str(tmp_path / "file" / "runs"), code=3)
    assert "failed one seed, one history: " + "0" * 64 in shown
    assert "report it with `seatrial doctor`" in shown
    assert "failed disk: no run can be written to" in shown
    assert "choose another folder: --out DIR" in shown


def test_a_reader_that_goes_changes_nothing(tmp_path: Path) -> None:
    """`| head -1` is no failure of the run: the exit code is the command's own."""
    folder = tmp_path / "run"
    made = [sys.executable, "-m", "seatrial", "run", "fidelity/calm", "--out", folder, "--set", "duration=5 s"]
    assert subprocess.run(made, capture_output=True, check=False, timeout=60).returncode == 0
    shown = [sys.executable, "-m", "seatrial", "show", folder, "--all"]
    with subprocess.Popen(shown, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")
