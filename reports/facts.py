"""What is known of a run besides its evidence: who sailed, when which fault was armed, what the money is called."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.sim.manifest import Phase

CHAOS = "chaos"
"""Phase in which faults are armed."""
CALM = "calm"
"""Phase in which faults are off and the system has to converge."""
TEAM_MINUTES: Mapping[str, float] = {
    "customer_service": 12.0,
    "logistics": 15.0,
    "finance": 20.0,
    "integration_support": 30.0,
}
"""Minutes of manual work that an exception costs, by team, where the scenario does not say."""

STEP_TARGETS: Mapping[str, float] = {
    "placed_to_acknowledged": 3600.0,
    "placed_to_released": 4 * 3600.0,
    "placed_to_shipped": 2 * 86_400.0,
    "placed_to_delivered": 7 * 86_400.0,
    "cancel_asked_to_cancel_answered": 3600.0,
    "shipped_to_confirmed": 3600.0,
    "shipped_to_posted": 4 * 3600.0,
    "shipped_to_invoiced": 86_400.0,
    "inspected_to_credited": 86_400.0,
    "inspected_to_refunded": 86_400.0,
}
"""Seconds within which a step of the trade has to be taken, where the scenario does not say."""


class RuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One fault rule of the scenario, as the rulebook left it."""

    name: str
    """Name of the rule."""
    fault: str = ""
    """Kind of the fault."""
    at: str = "*"
    """Where it was aimed."""
    begin: float = 0.0
    """Second of the run from which it was armed."""
    end: float = float("inf")
    """Second of the run until which it was armed."""
    matched: int | None = None
    """Calls that it could have struck; None: nobody counted them."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge knows of a run besides its evidence."""

    scenario: str = ""
    """Name of the scenario, or the path of its file."""
    seed: int = 0
    """Seed of all chance."""
    integration: str = ""
    """Name of the integration under test."""
    started: str = ""
    """Wall-clock start of the run's own clock, ISO 8601."""
    duration: float = 0.0
    """Seconds from the start to the end of the run; 0: until the last row."""
    phases: tuple[Phase, ...] = ()
    """Chaos and calm, in order."""
    rules: tuple[RuleFacts, ...] = ()
    """Every rule that the scenario armed."""
    feeds: tuple[str, ...] = ()
    """Operations that bring news of orders to who does not know their numbers yet, as `partner.operation`."""
    currency: str = "GBP"
    """Currency of all amounts, ISO 4217."""
    grace: float = 900.0
    """Seconds before the end of the run in which nothing is owed yet for what happens."""
    minutes: Mapping[str, float] = msgspec.field(default_factory=lambda: dict(TEAM_MINUTES))
    """Minutes of manual work that an exception costs, by team."""
    targets: Mapping[str, float] = {}
    """Seconds within which a step of the trade has to be taken, by step, where they are not the usual ones."""
    replay: str = "seatrial run {scenario} --seed {seed} --integration {integration}"
    """The command that makes this run again; names of facts in braces are filled in."""
    complete: bool = True
    """Whether the run reached its end; a run that was interrupted is never green."""
    lost: str = ""
    """What of its evidence was lost since it was made; empty: nothing."""
    died: str = ""
    """How the integration under test ended by itself; empty: it did not. Such a run is never green."""
    mishaps: tuple[str, ...] = ()
    """What the code under test raised and nobody took care of, in words: the first of all."""
    unjudged: bool = False
    """Whether there is nobody to judge: partners that were up for development by hand."""
    trouble: str = ""
    """What went wrong inside the harness; empty: nothing."""

    def owing_until(self, end: int) -> int:
        """Last microsecond at which an obligation can arise that has to be met in a run whose last row is at `end`; a
        run that was stopped ends there.
        """
        return self.over(end) - int(self.grace * 1_000_000)

    def over(self, end: int) -> int:
        """Microsecond at which a run ended whose last row is at `end`."""
        return int(self.duration * 1_000_000) if self.duration and self.complete else end

    def command(self) -> str:
        """The replay command with its names filled in."""
        command = self.replay.replace("{scenario}", self.scenario).replace("{seed}", str(self.seed))
        return command.replace("{integration}", self.integration)  # not format: settings may hold braces of their own

    def phase(self, name: str) -> Phase | None:
        """A phase by its name."""
        return next((phase for phase in self.phases if phase.name == name), None)
