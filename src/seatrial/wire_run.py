"""The front door to real sockets: run a scenario on them, judge it, keep everything in a run folder."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from seatrial.control import hand_rules
from seatrial.mocks.guests.entry import is_entry
from seatrial.mocks.wire.load_book import Account
from seatrial.mocks.wire.readiness import NotReady
from seatrial.mocks.wire.receiver import Stranger
from seatrial.mocks.wire.waterfront import Waterfront, wire_evidence
from seatrial.replaying import recorded
from seatrial.reports.facts import Facts
from seatrial.reports.saved import keep_facts
from seatrial.run_facts import about_of, check_limits, covered, facts_of
from seatrial.scenarios.dependencies import dependencies_of
from seatrial.scenarios.embark import Expedition, embark
from seatrial.scenarios.loader import Loaded
from seatrial.sim.catalogue import Catalogue
from seatrial.sim.errors import BadInput, HarnessError
from seatrial.sim.events import Event
from seatrial.sim.loop import relaxed_gc
from seatrial.sim.rulebook import Rulebook
from seatrial.sim.runfolder import RunFolder
from seatrial.voyage import Progress, Run, judged, kept
from seatrial.wire_briefing import LEDGER, dependency_environment, own_environment
from seatrial.wire_checks import check, check_ports
from seatrial.wire_options import WireOptions
from seatrial.wire_ports import LISTENS, example_ports
from seatrial.wire_repeats import earlier, repeats
from seatrial.wire_voyage import Ending, WireVoyage


@dataclass(frozen=True)
class WireRun:
    """A finished run on real sockets."""

    run: Run
    """What happened and what it amounts to."""
    remarks: tuple[str, ...]
    """What else is worth knowing: the load's account, decisions that found no call."""

    @property
    def exit_code(self) -> int:
        """That of the verdict."""
        return self.run.verdict.exit_code


def wire_run(
    loaded: Loaded,
    options: WireOptions,
    out: Path,
    *,
    progress: Progress | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> WireRun:
    """Run a loaded scenario on real sockets, judge it, and keep everything in the folder `out`.

    Raises BadInput, HarnessError, and NotReady where the integration never became ready. Whatever ends it, what was
    recorded is kept, and no process of ours is left.
    """
    check_limits(loaded)
    decisions, pace = earlier(options.replay, loaded, options.seed), loaded.scenario.time_scale
    expedition = embark(
        loaded, options.seed, loaded.scenario.integration, lambda env: wire_evidence(env, out), pace, virtual=False
    )
    check(options, loaded, expedition.world.partners)
    folder = RunFolder.create(out, about=about_of(loaded, options.seed, options.called))
    folder.keep("scenario.yaml", loaded.text)
    keep_facts(_facts(loaded, expedition, options), folder)
    rulebook = expedition.world.rulebook
    with kept(expedition, folder), recorded(rulebook, folder) as log:
        assert log is not None
        again = repeats(decisions, rulebook, log, options)
        fit_out = partial(WireVoyage, loaded, expedition, folder.path, options, again, said)
        try:
            ending, voyage = _sailed(fit_out, progress)
        except NotReady as error:
            dead = msgspec.structs.replace(_facts(loaded, expedition, options), died=str(error))
            keep_facts(dead, folder)
            raise
    facts = _facts(loaded, expedition, options, ending)
    facts = _with_hand_rules(facts, voyage, rulebook)
    run = judged(loaded, expedition, facts, folder, ending.failure)
    run = replace(run, replayed=again.result(voyage.unasked, loaded))
    book = voyage.book
    book.read(folder.path / LEDGER)
    account = book.account(run.log.event(Event.ORDER_PLACED.value)["key"].to_list(), voyage.placed_by_hand)
    if not account.complete:
        raise HarnessError(_unaccounted(account))
    return WireRun(run, (_told(account),))


def example_environment(loaded: Loaded, options: WireOptions, folder: Path) -> dict[str, str]:
    """What an integration would be told, but for where it may tell something: that has a new token in every run.

    Ports that nobody chose stand for those of a real run; those that were chosen may be somebody's already.
    Raises BadInput.
    """
    expedition = embark(
        loaded, options.seed, loaded.scenario.integration, lambda env: wire_evidence(env, None),
        loaded.scenario.time_scale, virtual=False,
    )  # fmt: skip
    partners = expedition.world.partners
    check_ports(options, loaded, partners)
    ports = example_ports(loaded, options, partners)

    async def told() -> dict[str, str]:
        front = Waterfront(expedition.world, Stranger(), _raise, {})
        front.fronts.update(ports)
        await front.open()
        try:
            return {
                **front.environment(),
                **own_environment(loaded, ports[LISTENS], folder),
                **dependency_environment({name: ports[name] for name in dependencies_of(loaded, os.environ)}),
            }
        finally:
            await front.close()

    return asyncio.run(told())


def _raise(error: BaseException) -> None:
    raise error


def _sailed(fit_out: Callable[[], WireVoyage], progress: Progress | None) -> tuple[Ending, WireVoyage]:
    async def sail() -> tuple[Ending, WireVoyage]:
        voyage = fit_out()
        return await voyage.sail(progress), voyage

    with relaxed_gc(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(sail())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster loop, where there is one for this system."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _facts(loaded: Loaded, expedition: Expedition, options: WireOptions, ending: Ending | None = None) -> Facts:
    """What the judge will know; how long the phases really were is known once the run has ended."""
    facts = facts_of(loaded, expedition, options.seed, options.called)
    command = f"seatrial wire {{scenario}} --seed {{seed}}{_settings(loaded)} {options.how}"
    facts = msgspec.structs.replace(facts, rules=covered(facts, expedition), replay=command.rstrip())
    if ending is None:
        return facts
    end = max((phase.end for phase in ending.phases), default=0.0)
    return msgspec.structs.replace(facts, phases=ending.phases, duration=end, died=ending.failure)


def _with_hand_rules(facts: Facts, voyage: WireVoyage, rulebook: Rulebook) -> Facts:
    """What was armed by hand is known to the judge like the rules of the scenario."""
    matched = {each.rule: each.matched for each in rulebook.coverage}
    names = {each.name for each in facts.rules}
    ours = [each for each in hand_rules(voyage.by_hand, matched) if each.name not in names]
    return msgspec.structs.replace(facts, rules=(*facts.rules, *ours))


def _settings(loaded: Loaded) -> str:
    from shlex import quote

    return "".join(f" --set {quote(f'{name}={value}')}" for name, value in loaded.settings.items())


def _told(account: Account) -> str:
    lost = f", {account.failed} failed" if account.failed else ""
    more = f", {account.by_hand} more placed by hand" if account.by_hand else ""
    sold = f"{account.placed} orders placed, {account.sold_out} found nothing on offer{lost}{more}"
    return f"load: {sold}; all accounted for"


def _unaccounted(account: Account) -> str:
    missing, foreign = ", ".join(account.missing[:5]), ", ".join(account.foreign[:5])
    parts = [f"{len(account.missing)} orders that the load placed are in no book ({missing})"] if missing else []
    parts += [f"{len(account.foreign)} orders are in the books and nobody placed them ({foreign})"] if foreign else []
    return "the evidence is not complete: " + "; ".join(parts)


def our_command(integration: str) -> tuple[str, ...]:
    """Starts one of the reference integrations as a process. Raises BadInput where there is none of this name."""
    if is_entry(integration):
        hint = "start it as a program: give a COMMAND after `--`, or `seatrial run` the function"
        raise BadInput("a function runs in virtual time only", value=integration, hint=hint)
    Catalogue("integrations").get(integration)
    return (sys.executable, "-m", "seatrial.mocks.integrations", integration)
