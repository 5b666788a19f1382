"""Extensions of this process: a class from a notebook or a test, known by name like one in a file."""

from __future__ import annotations

from typing import TypeVar

from seatrial.reports.format import Format
from seatrial.reports.measure import Measure
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput
from seatrial.sim.fault import Fault
from seatrial.sim.partner import Partner

_BASES = {Fault: "faults", Partner: "partners", Measure: "measures", Format: "formats"}
_KindT = TypeVar("_KindT", bound=type)


def extend(extension: _KindT) -> _KindT:
    """Make a fault, partner, measure or format known to this process under the name of its class.

    `class MonthEnd(Fault)` is the fault `month_end` from then on; a class of the same name takes its place. For good
    it belongs into a file or a package of its own (see `docs/extending.md`). Raises BadInput for a class of no such
    kind and for a name that is taken. May stand above the class, as a decorator.
    """
    kind = next((kind for base, kind in _BASES.items() if issubclass(extension, base)), "")
    if not kind:
        known = [base.__name__ for base in _BASES]
        hint = "derive it from one of these; an integration is a file of its own"
        raise BadInput("no extension", value=extension.__name__, known=known, hint=hint)
    Catalogue(kind).add(extension)
    return extension
