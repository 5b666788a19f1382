"""Operations: what a partner can be asked, declared once.

From one declaration come the typed in-memory client, the HTTP route, the OpenAPI operation, the fault target and the
evidence. A request names the type of its reply, so `await client.call(request)` is fully typed:

    class FindLabel(Request[Label], frozen=True): ...

    @operation("GET", "/labels/{parcel_no}", key="parcel_no")
    def find_label(self, request: FindLabel) -> Label: ...
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

ReplyT = TypeVar("ReplyT")
HandlerT = TypeVar("HandlerT", bound=Callable[..., object])
_MARK = "__seatrial_operation__"


class Request(msgspec.Struct, Generic[ReplyT], frozen=True, gc=False):
    """Base of every request; the type argument is the type of the reply.

    Messages are made by the million and hold text, numbers and other messages: nothing that could close a ring, so the
    garbage collector leaves them alone.
    """


class Operation(msgspec.Struct, frozen=True):
    """One thing a partner can be asked to do."""

    name: str
    """Name, unique within the partner; the fault target is `partner.name`."""
    method: str
    """HTTP method."""
    path: str
    """HTTP path; `{field}` stands for a field of the request."""
    request: type[Request[Any]]
    """Type of the request."""
    reply: type
    """Type of the reply."""
    document: str
    """Class of the document it creates; empty for reads and changes of state."""
    key: str
    """Field of the request that holds the business key; empty where there is none."""
    order: str
    """Field of the request that holds the order number, the correlation id; empty where there is none."""
    write: bool
    """Whether it changes the partner."""
    summary: str
    """One line for people."""

    @property
    def access(self) -> str:
        """What it does to the partner, in the word that faults want: `read` or `write`."""
        return "write" if self.write else "read"

    @property
    def tells_of_orders(self) -> bool:
        """Whether its reply brings news of orders to somebody who does not know their numbers yet."""
        return not (self.write or self.key or self.order) and _names_orders(self.reply)

    def key_of(self) -> Callable[[Any], str]:
        """A fast reader of the business key of a request."""
        return operator.attrgetter(self.key) if self.key else _nothing

    def order_of(self) -> Callable[[Any], str]:
        """A fast reader of the order number of a request."""
        return operator.attrgetter(self.order) if self.order else _nothing


def _nothing(_: object) -> str:
    return ""


@cache
def _names_orders(kind: object) -> bool:
    """Whether a message, or one that it holds, has the number of an order."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "order_no" in kind.__struct_fields__ or any(map(_names_orders, get_type_hints(kind).values()))
    return any(map(_names_orders, get_args(kind)))


class _Declared(msgspec.Struct, frozen=True):
    method: str
    path: str
    document: str
    key: str


def operation(method: str, path: str, *, key: str = "", document: str = "") -> Callable[[HandlerT], HandlerT]:
    """Declare a method of a partner as an operation; request and reply types are read from its annotations.

    `key` is the request's field with the business key, `document` the class of the document that it creates.
    """

    def mark(handler: HandlerT) -> HandlerT:
        setattr(handler, _MARK, _Declared(method, path, document, key))
        return handler

    return mark


def operations_of(partner: type) -> Mapping[type, Operation]:
    """Every operation that a partner class declares, by the type of its request, in the order of their names."""
    found = (declared(getattr(partner, name)) for name in sorted(dir(partner)) if not name.startswith("_"))
    return {each.request: each for each in found if each is not None}


def declared(handler: object) -> Operation | None:
    """The operation that a handler carries out, or None where the function is not declared as one."""
    mark = getattr(handler, _MARK, None)
    if mark is None or not inspect.isfunction(handler):
        return None
    hints = get_type_hints(handler)
    reply = hints.pop("return")
    (request,) = hints.values()
    fields = request.__struct_fields__
    return Operation(
        name=handler.__name__,
        method=mark.method,
        path=mark.path,
        request=request,
        reply=reply,
        document=mark.document,
        key=mark.key,
        order="order_no" if "order_no" in fields else "",
        write=mark.method != "GET",
        summary=(inspect.getdoc(handler) or handler.__name__).splitlines()[0],
    )
