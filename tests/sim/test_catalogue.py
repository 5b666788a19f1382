"""Laws of the catalogue: a file is an extension, its fields are its parameters, and one name is one thing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import invalidate_caches
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from seatrial.sim import catalogue
from seatrial.sim.catalogue import FOLDERS, Catalogue, Parameter, camel_case
from seatrial.sim.errors import BadInput, HarnessError, UnknownName

WIDGET = '''
"""A file."""

from typing import Literal

import msgspec

from seatrial.sim.quantities import PerSecond, Seconds, Share


class Base(msgspec.Struct, frozen=True):
    """What all have."""

    title: str
    """What it is called."""


class BlueWidget(Base, frozen=True):
    """It is blue.

    And so on.
    """

    delay: Seconds = Seconds(5400)
    """Time that it takes,
    in seconds."""
    share: Share = Share(0.005)
    """Share of it."""
    rate: PerSecond = PerSecond(2)
    """Rate of it."""
    how: Literal["fast", "slow"] = "fast"
    """How it goes."""
    hard: bool = False
    undocumented: int = 3
    steps: tuple[Seconds, ...] = (Seconds(1), Seconds(60))
    """Each step."""
'''
PARTNER = '''
"""A partner."""

from typing import ClassVar

import msgspec


class Plain:
    """A class without parameters."""


class Quiet:
    """Its parameters are in its settings."""

    class Settings(msgspec.Struct, frozen=True):
        """Parameters."""

        pickers: int = 4
        """People."""
'''


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Catalogue]:
    """A catalogue over a package of its own, made of files by name; further entry points may be given."""
    folder = tmp_path / "shelf_of_widgets"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    invalidate_caches()
    for name in [name for name in sys.modules if name.split(".")[0] == "shelf_of_widgets"]:
        monkeypatch.delitem(sys.modules, name)

    def make(files: dict[str, str], others: Iterable[EntryPoint] = ()) -> Catalogue:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        invalidate_caches()
        points = tuple(others)
        return Catalogue("widgets", package="shelf_of_widgets", others=lambda group: points)

    return make


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="seatrial.widgets")


@pytest.mark.parametrize("kind", FOLDERS)
def test_every_extension_of_ours_can_be_had_and_told(kind: str) -> None:
    """Each file of a folder of extensions holds the class that it is named after, with a docstring of its own."""
    catalogue = Catalogue(kind)
    for name in catalogue.names():
        extension = catalogue.get(name)
        assert extension.__name__ == camel_case(name)
        assert catalogue.describe(name).summary


def test_names_are_files_in_order(shelf: Callable[..., Catalogue]) -> None:
    """Names are in order, files that begin with an underscore are nobody's, and listing them imports none."""
    catalogue = shelf({"red_widget": "raise SystemExit", "blue_widget": WIDGET, "_drawer": ""})
    assert catalogue.names() == ("blue_widget", "red_widget")
    assert "shelf_of_widgets.blue_widget" not in sys.modules


def test_a_name_of_the_standard_library_is_had_by_an_underscore(shelf: Callable[..., Catalogue]) -> None:
    """`csv_.py` is the file of `csv` and holds `Csv`: no file is called like a module of the standard library."""
    found = shelf({"csv_": 'class Csv:\n    """It is one."""\n'})
    assert found.names() == ("csv",)
    assert found.get("csv").__name__ == "Csv"


def test_a_process_adds_classes_of_its_own(shelf: Callable[..., Catalogue], monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name of the class, again in its own place, never in that of a file."""
    monkeypatch.setattr(catalogue, "_ADDED", {})
    found = shelf({"blue_widget": WIDGET})
    first, second = type("GreenWidget", (), {}), type("GreenWidget", (), {})
    assert (found.add(first), found.add(second)) == ("green_widget", "green_widget")
    assert found.names() == ("blue_widget", "green_widget")
    assert found.get("green_widget") is second
    with pytest.raises(BadInput, match="there already: 'blue_widget'"):
        found.add(type("BlueWidget", (), {}))


def test_an_unknown_name_is_told_its_nearest(shelf: Callable[..., Catalogue]) -> None:
    """The error has the value, the nearest name and all that are known."""
    with pytest.raises(UnknownName, match=r"unknown widget: 'blue_wigdet'.*did you mean 'blue_widget'\?.*known: blue"):
        shelf({"blue_widget": WIDGET}).get("blue_wigdet")


def test_an_unknown_kind_is_told_those_there_are() -> None:
    """There are five kinds of extensions."""
    with pytest.raises(UnknownName, match=r"'fault'.*did you mean 'faults'\?"):
        Catalogue("fault")


def test_a_description_says_what_the_file_says(shelf: Callable[..., Catalogue]) -> None:
    """Types and defaults read as a scenario writes them; the line under a field is its doc, inherited fields too."""
    told = shelf({"blue_widget": WIDGET}).describe("blue_widget")
    assert (told.name, told.summary) == ("blue_widget", "It is blue.")
    assert told.parameters == (
        Parameter("title", "text", "", True, "What it is called."),
        Parameter("delay", "duration", "1 h 30 min", False, "Time that it takes, in seconds."),
        Parameter("share", "share", "0.5 %", False, "Share of it."),
        Parameter("rate", "rate", "2/s", False, "Rate of it."),
        Parameter("how", "fast or slow", "fast", False, "How it goes."),
        Parameter("hard", "yes or no", "no", False, ""),
        Parameter("undocumented", "whole number", "3", False, ""),
        Parameter("steps", "list of duration", "[1 s, 1 min]", False, "Each step."),
    )


def test_parameters_may_be_settings(shelf: Callable[..., Catalogue]) -> None:
    """A partner is a class with `Settings`; a class with neither fields nor settings takes nothing."""
    catalogue = shelf({"quiet": PARTNER, "plain": PARTNER})
    assert catalogue.describe("quiet").parameters == (Parameter("pickers", "whole number", "4", False, "People."),)
    assert catalogue.describe("plain").parameters == ()


def test_another_package_adds_its_own(shelf: Callable[..., Catalogue]) -> None:
    """An entry point is an extension like ours."""
    catalogue = shelf({"blue_widget": WIDGET}, [entry("counted", "collections:Counter")])
    assert catalogue.names() == ("blue_widget", "counted")
    assert catalogue.get("counted").__name__ == "Counter"


@pytest.mark.parametrize(
    ("others", "both"),
    [
        ([("blue_widget", "acme:Blue")], r"shelf_of_widgets\.blue_widget and acme:Blue"),
        ([("red", "acme:Red"), ("red", "umbrella:Red")], r"acme:Red of .* and umbrella:Red"),
    ],
)
def test_one_name_is_one_thing(shelf: Callable[..., Catalogue], others: list[tuple[str, str]], both: str) -> None:
    """Two packages that claim one name are an error that names both, whichever name is asked for."""
    catalogue = shelf({"blue_widget": WIDGET}, [entry(*each) for each in others])
    with pytest.raises(BadInput, match=rf"two widgets have one name.*{both}"):
        catalogue.names()


@pytest.mark.parametrize("value", ["no_such_package_of_acme:Thing", "collections:NoSuchThing"])
def test_an_extension_that_cannot_be_loaded_says_whose_it_is(shelf: Callable[..., Catalogue], value: str) -> None:
    """A broken package of somebody else is bad input that names it, and no traceback."""
    catalogue = shelf({}, [entry("thing", value)])
    with pytest.raises(BadInput, match=f"cannot load {value}"):
        catalogue.get("thing")


def test_an_extension_is_a_class(shelf: Callable[..., Catalogue]) -> None:
    """A function is no extension."""
    with pytest.raises(BadInput, match="is not a class"):
        shelf({}, [entry("thing", "collections:namedtuple")]).get("thing")


def test_a_file_without_its_class_is_our_mistake(shelf: Callable[..., Catalogue]) -> None:
    """The class is named after its file; anything else is an error of the harness."""
    with pytest.raises(HarnessError, match="green_widget holds no class 'GreenWidget'"):
        shelf({"green_widget": WIDGET}).get("green_widget")
