"""References: settings that name somebody or something else of the same network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin

import msgspec

_MARK: Final = "refers_to"


def refers_to(what: str) -> msgspec.Meta:
    """A mark for the type of a setting that holds a name.

    `Annotated[str, refers_to("carrier")]` is the name of a carrier: of a partner of that kind or role. With `operation`
    it is that of an operation of the partner that has the setting.
    """
    return msgspec.Meta(extra={_MARK: what})


class Reference(NamedTuple):
    """A name that stands in a setting."""

    what: str
    """What it is the name of."""
    name: str
    """The name."""
    path: str
    """Where it stands in the settings: `.carriers[0]`."""

    @property
    def setting(self) -> str:
        """The setting that holds it, by its own name."""
        return self.path.split(".")[1].partition("[")[0]


def references(settings: msgspec.Struct, path: str = "") -> Iterator[Reference]:
    """All names in settings, and in what these hold, whose types are marked."""
    for field in msgspec.structs.fields(settings):
        yield from _within(field.type, getattr(settings, field.name), f"{path}.{field.encode_name}")


def _within(kind: Any, value: object, path: str) -> Iterator[Reference]:
    parts = get_args(kind)
    if isinstance(value, msgspec.Struct):
        yield from references(value, path)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _within(parts[0], key, f"{path}.{key}")
            yield from _within(parts[1], each, f"{path}.{key}")
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from _within(parts[0], each, f"{path}[{place}]")
    elif isinstance(value, str) and get_origin(kind) is Annotated:
        marks = [mark.extra or {} for mark in parts[1:] if isinstance(mark, msgspec.Meta)]
        yield from (Reference(each[_MARK], value, path) for each in marks if _MARK in each)
