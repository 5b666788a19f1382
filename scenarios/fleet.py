"""The partners of a scenario's network: looked at once, made anew for every world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from seatrial.scenarios.document import Document
from seatrial.scenarios.schema import PartnerSpec, World
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.conduct import EVERY
from seatrial.sim.errors import UnknownName
from seatrial.sim.ground import Ground
from seatrial.sim.partner import Partner
from seatrial.sim.quantities import Seconds
from seatrial.sim.references import Reference, references


class _Plan(NamedTuple):
    """What a partner is made from."""

    kind: type[Partner]
    spec: PartnerSpec
    settings: msgspec.Struct

    def fitted(self, cover: float) -> msgspec.Struct:
        """Its settings, where suppliers that are not told otherwise go by the stock at the start."""
        if self.spec.kind != "supply" or "cover" in self.spec.settings:
            return self.settings
        return msgspec.structs.replace(self.settings, cover=Seconds(cover))


class Fleet:
    """All partners of a network, as their scenario has them.

    What the scenario says of them is read and checked when they are made first; a search makes them a thousand times.
    """

    def __init__(self, network: World, document: Document) -> None:
        self._specs = network.partners
        self._document = document

    @cached_property
    def kinds(self) -> Mapping[str, type[Partner]]:
        """Class of each partner by name. Raises UnknownName with file and line."""
        return {name: self._kind(name, spec) for name, spec in self._specs.items()}

    def launch(self, ground: Ground, cover: float) -> Iterator[Partner]:
        """Make the partners of a world; `cover` are the seconds that its stock at the start is meant to last.

        Raises BadInput with file and line.
        """
        for name, plan in self._plans.items():
            with self._document.located(f"$.partners.{name}"):
                kind: Any = plan.kind
                partner: Partner = kind(name, ground, plan.spec.conduct, plan.fitted(cover))
            yield partner

    @cached_property
    def _plans(self) -> Mapping[str, _Plan]:
        return {name: self._plan(name, spec) for name, spec in self._specs.items()}

    def _kind(self, name: str, spec: PartnerSpec) -> type[Partner]:
        with self._document.located(f"$.partners.{name}.kind"):
            kind = Catalogue("partners").get(spec.kind)
        assert issubclass(kind, Partner)
        return kind

    def _plan(self, name: str, spec: PartnerSpec) -> _Plan:
        kind, path = self.kinds[name], f"$.partners.{name}.settings"
        known = kind.Settings.__struct_fields__
        for setting in spec.settings:
            if setting not in known:
                where = self._document.where(f"{path}.{setting}")
                raise UnknownName(f"{spec.kind} has no such setting", value=setting, known=sorted(known), where=where)
        settings = self._document.convert(dict(spec.settings), kind.Settings, path)
        written = (each for each in references(settings) if each.setting in spec.settings)
        self._check_names(name, path, written)
        self._check_names(name, f"$.partners.{name}.conduct", references(spec.conduct))
        self._check_conduct(name, spec, kind)
        return _Plan(kind, spec, settings)

    def _check_names(self, name: str, path: str, written: Iterable[Reference]) -> None:
        """What a setting names has to be there: a name that nobody has would only show as harm, much later."""
        for each in written:
            known = self._known(name, each.what)
            if each.name not in known:
                where = self._document.where(f"{path}{each.path}")
                what = f"unknown {each.what} in {each.setting} of {name}"
                raise UnknownName(what, value=each.name, known=known, where=where)

    def _known(self, name: str, what: str) -> Sequence[str]:
        """Names of all that is such a thing, as this partner sees it."""
        if what == "operation":
            return sorted(each.name for each in self.kinds[name].operations.values())
        return sorted(other for other, kind in self.kinds.items() if what in (kind.kind, kind.role))

    def _check_conduct(self, name: str, spec: PartnerSpec, kind: type[Partner]) -> None:
        """Policies are looked at before the run: a name that no operation has would change nothing, silently."""
        path, conduct = f"$.partners.{name}.conduct", spec.conduct
        operations = kind.operations.values()
        known = sorted(each.name for each in operations)
        for policy, by_name in (("limits", conduct.limits), ("idempotency", conduct.idempotency)):
            for asked in by_name:
                if asked != EVERY and asked not in known:
                    where = self._document.where(f"{path}.{policy}.{asked}")
                    raise UnknownName(f"unknown operation of {name}", value=asked, known=known, where=where)
        with self._document.located(f"{path}.latency"):
            conduct.latency.quantile(0.5)
        with self._document.located(path):
            gates = conduct.gatekeeper()
            for each in operations:
                gates(each)
                conduct.guard(each)
