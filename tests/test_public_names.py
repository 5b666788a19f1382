"""The front door keeps its word: every public name is there and says what it is."""

from __future__ import annotations

import inspect

import pytest

import seatrial

NAMES = [name for name in seatrial.__all__ if not name.startswith("__")]


def test_public_names_are_sorted_and_told_once() -> None:
    """The list of public names is in order and without repetition."""
    assert list(seatrial.__all__) == sorted(set(seatrial.__all__))


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_exists_and_is_explained(name: str) -> None:
    """What `seatrial.__all__` promises can be had, and its docstring is its own."""
    value = getattr(seatrial, name)
    assert inspect.getdoc(value), f"seatrial.{name} has no docstring"
    assert not inspect.isclass(value) or value.__doc__, f"seatrial.{name} has only the docstring of its base"


@pytest.mark.parametrize("name", NAMES)
def test_a_public_function_is_fully_typed(name: str) -> None:
    """Every parameter and the result of a public function has a type."""
    value = getattr(seatrial, name)
    if inspect.isfunction(value):
        signature = inspect.signature(value)
        bare = [p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
        assert bare == []
        assert signature.return_annotation is not inspect.Signature.empty


def test_dir_shows_what_is_public() -> None:
    """`dir(seatrial)` shows every public name, so that a prompt can complete it."""
    assert set(seatrial.__all__) <= set(dir(seatrial))


def test_the_version_is_the_installed_one() -> None:
    """`seatrial.__version__` is what the package index would say."""
    from importlib.metadata import version

    assert seatrial.__version__ == version("seatrial")
