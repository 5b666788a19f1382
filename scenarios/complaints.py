"""Complaints: what is wrong with a value of a scenario, in the words of the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from seatrial.sim.attributedocs import attribute_docs
from seatrial.sim.errors import BadInput
from seatrial.sim.quantities import PerSecond, Seconds, Share, read_quantity
from seatrial.sim.units import parse_duration, parse_rate, parse_share

Plain = Any
"""What YAML gives: mappings, lists, texts, numbers. It is typed by `Document.convert` before anybody uses it."""
_PATH: Final = re.compile(r" - at (?:`key` in )?`(?P<path>\$[^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_CHOICE: Final = re.compile(r"Invalid enum value (?P<name>.*)", re.DOTALL)
_TAG: Final = re.compile(r"Invalid value '(?P<name>[^']*)'")
_EXPECTED: Final = re.compile(r"Expected (?P<wanted>.*), got (?P<found>.*)", re.DOTALL)
_BOUND: Final = re.compile(r"Expected `(?:int|float)` (?P<way>[<>]=) (?P<bound>-?[0-9]+)(?:\.0)?")
_ANY_KEY: Final = "[...]"
_WORDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "yes or no",
    "array": "a list",
    "object": "a table of names and values",
    "null": "nothing",
    "datetime": "a moment",
}
_WAYS: Final = {">=": "more", "<=": "less"}
_STRICT: Final[dict[type, Callable[[object], float]]] = {
    Seconds: parse_duration,
    PerSecond: parse_rate,
    Share: parse_share,
}


class _Unfit(ValueError):
    """Carries a complaint of ours through msgspec, which adds the path."""

    def __init__(self, complaint: BadInput) -> None:
        super().__init__(str(complaint))
        self.complaint = complaint


def read_written(kind: type, written: Plain) -> Plain:
    """A quantity as a person wrote it (a `dec_hook` of msgspec): a number without its unit is refused."""
    if isinstance(written, kind):
        return written
    reader = _STRICT.get(kind)
    if reader is None:
        return read_quantity(kind, written)
    try:
        return kind(reader(written))
    except BadInput as error:
        raise _Unfit(error) from error


def complaint(error: msgspec.ValidationError, kind: type, plain: Plain, located: Callable[[str], str]) -> BadInput:
    """What msgspec says about a part of a document, in our words. `located` gives file and line of a path in it."""
    text = str(error)
    found = _PATH.search(text)
    what, path = (text[: found.start()], found.group("path")) if found else (text, "$")
    path = _with_names(path, text, kind, plain)
    if isinstance(error.__cause__, _Unfit):
        return error.__cause__.complaint.at(located(path))
    return _of_struct(what, path, kind, plain, located) or _of_value(what, path, kind, plain).at(located(path))


def _of_struct(what: str, path: str, kind: type, plain: Plain, located: Callable[[str], str]) -> BadInput | None:
    """A setting too many, or one too few."""
    unknown, missing = _UNKNOWN.search(what), _MISSING.search(what)
    if unknown:
        name = unknown["name"]
        known = _fields(kind, path, plain)
        return BadInput("unknown setting", value=name, known=known, where=located(f"{path}.{name}"))
    if missing:
        docs = [attribute_docs(struct).get(missing["name"], "") for struct in _inner(kind, path)]
        hint = next((doc for doc in docs if doc), "")
        return BadInput("a setting is missing", value=missing["name"], hint=hint, where=located(path))
    return None


def _of_value(what: str, path: str, kind: type, plain: Plain) -> BadInput:
    """A value that its setting cannot take."""
    value = _value(plain, path)
    tag, choice, expected, bound = (each.match(what) for each in (_TAG, _CHOICE, _EXPECTED, _BOUND))
    if tag:
        return BadInput("unknown kind", value=tag["name"], known=_tags(kind, path))
    if choice:
        return BadInput("unknown word", value=value, known=_choices(kind, path))
    if bound:
        name = "a number" if path.endswith("]") else path.rpartition(".")[2]
        return BadInput(f"{name} has to be {bound['bound']} or {_WAYS[bound['way']]}", value=value)
    if "RFC3339" in what:
        return BadInput("not a moment", value=value, hint="write it as 2011-12-01 08:00:00")
    shown = value if isinstance(value, str | int | float) else None
    if expected:
        what = f"expected {_in_words(expected['wanted'])}, found {_in_words(expected['found'])}"
    return BadInput(what, value=shown)


def _in_words(kinds: str) -> str:
    """`int | null` as people say it."""
    quoted = re.sub(r"`([^`]*)`", lambda match: " or ".join(_WORDS.get(k, k) for k in match[1].split(" | ")), kinds)
    return quoted.strip()


def _with_names(path: str, text: str, kind: type, plain: Plain) -> str:
    """Which entry of a table msgspec means, for it does not say: whatever fails alone in the same way is the one."""
    while _ANY_KEY in path:
        before, _, after = path.partition(_ANY_KEY)
        table = _value(plain, before)
        name = next((key for key in table if _fails(text, kind, _only(plain, _steps(before), key))), None)
        if name is None:
            return path
        path = f"{before}.{name}{after}"
    return path


def _fails(text: str, kind: type, plain: Plain) -> bool:
    try:
        msgspec.convert(plain, kind, dec_hook=read_written)
    except msgspec.ValidationError as error:
        return str(error) == text
    except BadInput:
        return False
    return False


def _only(plain: Plain, steps: Sequence[str], key: object) -> Plain:
    """The document with only one entry in the table at a place."""
    if not steps:
        return {key: plain[key]}
    step, *rest = steps
    if isinstance(plain, list):
        return [_only(each, rest, key) if str(place) == step else each for place, each in enumerate(plain)]
    return {**plain, step: _only(plain[step], rest, key)}


def _steps(path: str) -> Sequence[str]:
    return [step for step in re.split(r"[.\[\]]", path.removeprefix("$")) if step]


def _value(plain: Plain, path: str) -> Plain:
    for step in _steps(path):
        try:
            plain = plain[int(step)] if isinstance(plain, list) else plain[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return plain


def _structs(kind: Any) -> list[type[msgspec.Struct]]:
    """The structs that a type may mean, through unions and containers."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [struct for part in get_args(kind) for struct in _structs(part)]


def _inner(kind: type, path: str) -> list[type[msgspec.Struct]]:
    structs = _structs(kind)
    for step in _steps(path):
        deeper = [inner for field in _called(structs, step) for inner in _structs(field.type)]
        structs = deeper or structs
    return structs


def _called(structs: Sequence[type[msgspec.Struct]], name: str) -> list[msgspec.structs.FieldInfo]:
    return [field for struct in structs for field in msgspec.structs.fields(struct) if field.encode_name == name]


def _fields(kind: type, path: str, plain: Plain) -> list[str]:
    """Settings that the struct at a path knows; of a union, those of the kind that was chosen."""
    structs = _inner(kind, path)
    value = _value(plain, path)
    chosen = value.get("kind") if isinstance(value, dict) else None
    picked = [each for each in structs if each.__struct_config__.tag == chosen] if chosen else []
    return sorted({field.encode_name for each in picked or structs for field in msgspec.structs.fields(each)})


def _tags(kind: type, path: str) -> list[str]:
    structs = _inner(kind, path.removesuffix(".kind"))
    return sorted({str(each.__struct_config__.tag) for each in structs if each.__struct_config__.tag})


def _choices(kind: type, path: str) -> list[str]:
    """The words that a setting can be."""
    place, _, name = path.rpartition(".")
    found = [field.type for field in _called(_inner(kind, place), name)]
    return [str(word) for each in found for word in _literals(each) if word != ""]


def _literals(kind: Any) -> list[object]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [word for part in get_args(kind) if part is not NoneType for word in _literals(part)]
