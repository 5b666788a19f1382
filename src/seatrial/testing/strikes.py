"""Faults of a test: one rule, armed for as long as a `with` lasts, that has to strike."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from seatrial.reports.page_words import counted
from seatrial.scenarios.schema import RuleSpec
from seatrial.scenarios.storm import rule_of
from seatrial.scenarios.targets import may_crash
from seatrial.sim.call import DEPENDENCY
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, UnknownName
from seatrial.sim.fault import Fault, Rule
from seatrial.sim.rulebook import ArmedRule
from seatrial.testing.basin import Basin
from seatrial.testing.records import calls_of
from seatrial.testing.teaching import OfTheTest

_OWN = ("fault", "at", "with")
_FROM = "from_"
"""How Python has to write `from`."""


class NeverStruck(OfTheTest, AssertionError):
    """A fault was armed and struck nothing: the test did not see what it is about."""


class ArmedFault:
    """A fault that is armed, or was. `struck` counts its strikes, `could_strike` the calls that it looked at."""

    def __init__(self, rule: ArmedRule) -> None:
        self._coverage = rule.coverage
        self.name = rule.rule.name

    @property
    def struck(self) -> int:
        """Calls that it struck."""
        return self._coverage.fired

    @property
    def could_strike(self) -> int:
        """Calls that it could have struck."""
        return self._coverage.matched

    def lay_down(self) -> None:
        """Keep the figures as they are: the rulebook adds those of later rules of this name."""
        self._coverage = msgspec.structs.replace(self._coverage)


class Storm:
    """A `with` in which a fault is armed. Raises BadInput that names the field when it is made, and NeverStruck at its
    end unless it `may_miss`.
    """

    def __init__(self, basin: Basin, fault: str, at: str, fields: Mapping[str, object], *, may_miss: bool) -> None:
        for name, value in (("fault", fault), ("at", at)):
            if not isinstance(value, str):
                hint = "write it as a text: erp.fault('lost_reply', at='create_sales_order')"
                raise BadInput("no name", value=value, where=name, hint=hint)
        self._basin = basin
        self._at = at
        self._written = written_rule(fault, at, fields)
        self._may_miss = may_miss
        self._armed: list[ArmedFault] = []
        self._begun = 0
        self._rule()

    def __enter__(self) -> ArmedFault:
        rulebook = self._basin.world.rulebook
        self._begun = self._basin.evidence.height
        rulebook.arm(self._rule())
        self._armed.append(ArmedFault(rulebook.armed[-1]))
        return self._armed[-1]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        __tracebackhide__ = True
        fault = self._armed.pop()
        fault.lay_down()
        self._basin.world.rulebook.disarm(fault.name)
        if kind is None and not self._may_miss and not fault.struck:
            hint = "call it within the `with`, aim it elsewhere, or say may_miss=True"
            raise NeverStruck(f"the fault {fault.name} was armed and struck nothing: {self._why(fault)} · {hint}")

    def _why(self, fault: ArmedFault) -> str:
        """Why it struck nothing, with what was asked of its partner meanwhile."""
        if fault.could_strike:
            return f"it looked at {counted(fault.could_strike, 'call')}"
        partner, _, aim = self._at.partition(".")
        of_partner = calls_of(self._basin.evidence.slice(self._begun), partner)
        asked = list(dict.fromkeys(each.operation or "a route that it does not know" for each in of_partner))
        told = f"; asked meanwhile: {', '.join(asked)}" if asked else ""
        known = self._basin.world.partners[partner].operations.values()
        aimed_at = [each for each in known if each.name in asked and fnmatchcase(each.name, aim or "*")]
        wants = _kind(str(self._written["fault"])).wants
        if not aimed_at:
            return f"nobody asked {self._at} meanwhile{told}"
        if wants and all(each.access != wants for each in aimed_at):
            return f"{self._written['fault']} strikes only {wants}s{told}"
        return f"another fault was there first, or it is none of the documents that this one strikes{told}"

    def _rule(self) -> Rule:
        taken = [each.rule.name for each in self._basin.world.rulebook.armed]
        return rule_of(self._written, self._basin.world.partners, now=self._basin.now, taken=taken)


def written_rule(fault: str, at: str, fields: Mapping[str, object]) -> dict[str, object]:
    """The rule as a scenario would have it: fields of the fault below `with`, the others beside it."""
    kind = _kind(fault)
    of_fault = [each.name for each in msgspec.structs.fields(kind)]
    of_rule = [each.encode_name for each in msgspec.structs.fields(RuleSpec) if each.encode_name not in _OWN]
    fields = {"from" if name == _FROM else name: value for name, value in fields.items()}
    for name in fields:
        if name not in of_fault and name not in of_rule:
            what = f"{fault} has no such parameter, nor has a rule"
            known = [_FROM if each == "from" else each for each in (*of_fault, *of_rule)]
            raise UnknownName(what, value=name, known=known)
    params = {name: value for name, value in fields.items() if name in of_fault}
    beside = {name: value for name, value in fields.items() if name not in of_fault}
    return {"fault": fault, "at": at, **beside, **({"with": params} if params else {})}


def _kind(name: str) -> type[Fault]:
    try:
        kind = Catalogue("faults").get(name)
    except UnknownName as error:
        raise error.at("fault") from error
    assert issubclass(kind, Fault)
    if may_crash(kind):
        hint = "there is no process that could die here: write it into a scenario and sail it, sea.run(...)"
        raise BadInput("this fault strikes the integration itself", value=name, where="fault", hint=hint)
    if kind.direction == DEPENDENCY:
        hint = "a test has none: write it into a scenario and run that with `seatrial wire`"
        raise BadInput("this fault strikes the connection to a dependency", value=name, where="fault", hint=hint)
    return kind
