"""A partner at hand: its address, its books, and the faults that a test has it suffer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from seatrial.mocks.guests.sea import Webhook
from seatrial.reports.documents import CLASSES
from seatrial.sim.errors import UnknownName
from seatrial.sim.partner import Partner
from seatrial.sim.tokens import Tokens
from seatrial.testing.basin import Basin
from seatrial.testing.records import CallRecord, DocumentRecord, calls_of, documents_of
from seatrial.testing.strikes import Storm
from seatrial.testing.teaching import shown_at_the_test

if TYPE_CHECKING:
    from seatrial.testing.transport import BasinTransport


class PartnerAtHand:
    """One partner of a basin, as a test sees it. Raises UnknownName for a class of documents that it never makes."""

    def __init__(self, basin: Basin, name: str) -> None:
        self.name = name
        self._basin = basin
        self._partner: Partner = basin.world.partners[name]

    def __repr__(self) -> str:
        return f"<partner {self.name} ({self.kind}) at {self.url}>"

    @property
    def kind(self) -> str:
        """Kind of the partner."""
        return self._partner.kind

    @property
    def url(self) -> str:
        """Base URL: httpx, httpx2 and requests find it there, whoever made the client."""
        return self._basin.urls[self.name]

    @property
    def token(self) -> str:
        """A bearer token of this moment; empty where the partner wants none."""
        if not self._partner.conduct.auth.by_token:
            return ""
        return Tokens(self._basin.world.dice, self.name).write(self._basin.now)

    @property
    def webhook_secret(self) -> str:
        """What it signs its webhooks with; empty where it does not."""
        return self._basin.berth(self.name).webhook_secret

    @property
    def transport(self) -> BasinTransport:
        """All partners as a transport of httpx, for a client that takes one; asynchronous or not."""
        from seatrial.testing.transport import BasinTransport

        return BasinTransport(self._basin)

    @property
    def operations(self) -> tuple[str, ...]:
        """What it can be asked, as faults are aimed at it."""
        return tuple(sorted(each.name for each in self._partner.operations.values()))

    @property
    def calls(self) -> tuple[CallRecord, ...]:
        """The calls so far, in the order in which they ended."""
        return calls_of(self._basin.evidence, self.name)

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """The webhooks that have arrived so far, signed, in the order in which they came."""
        return self._basin.doorstep.of(self.name)

    @shown_at_the_test
    def documents(self, document: str) -> Mapping[str, tuple[DocumentRecord, ...]]:
        """The documents of a class that live in its books, by business key, oldest first."""
        known = self._classes()
        if document not in known:
            raise UnknownName(f"{self.name} makes no such document", value=document, known=known)
        return documents_of(self._basin.evidence, self.name, document)

    @shown_at_the_test
    def duplicates(self, document: str) -> int:
        """Live documents of a class beyond the first under their business key."""
        return sum(len(copies) - 1 for copies in self.documents(document).values())

    @shown_at_the_test
    def fault(self, fault: str, at: str = "*", *, may_miss: bool = False, **fields: object) -> Storm:
        """Have a fault strike this partner's calls, or its webhooks, while a `with` lasts.

        `at` is an operation, or an event for faults of webhooks; `fields` are the fault's own parameters, such as
        `how="reset"`, and those of a scenario's rule (`first`, `nth`, `times`, `probability`, `key`, `from_`). What
        strikes nothing raises NeverStruck at the end of the `with`, unless it `may_miss`. Raises BadInput by name.
        """
        return Storm(self._basin, fault, self._aim(at), fields, may_miss=may_miss)

    def _aim(self, at: str) -> str:
        if at == "*" or not isinstance(at, str):
            return self.name if at == "*" else at
        return at if at.startswith(f"{self.name}.") else f"{self.name}.{at}"

    def _classes(self) -> list[str]:
        """Its own classes, and those that nobody declares: they come of work within somebody's walls."""
        declared = {name: _documents(each) for name, each in self._basin.world.partners.items()}
        of_others = {document for name, found in declared.items() if name != self.name for document in found}
        return sorted(declared[self.name] | {each for each in CLASSES if each not in of_others})


def _documents(partner: Partner) -> set[str]:
    return {each.document for each in partner.operations.values() if each.document}
