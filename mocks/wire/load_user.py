"""A load generator as Locust knows it: one user in each process, who lets all its shoppers come.

To be imported by Locust's processes only: importing Locust replaces blocking calls of the whole process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, NoReturn

import gevent
from locust import FastHttpUser, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.event import Events
from locust.exception import StopUser
from locust.rpc import Message
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner, Runner, WorkerRunner

from seatrial.mocks.wire.load_book import ledger_of
from seatrial.mocks.wire.load_calls import Caller
from seatrial.mocks.wire.load_ledger import Ledger
from seatrial.mocks.wire.load_options import ENDED_EARLY, PREFIX, VARIABLES, LoadOptions, read_options
from seatrial.mocks.wire.load_outing import UNDER_WAY, Outing
from seatrial.mocks.wire.load_plan import Demand
from seatrial.mocks.wire.load_tally import Counter
from seatrial.mocks.wire.load_telling import poster, tell_statistics
from seatrial.sim.errors import HarnessError, SeatrialError

DONE = "seatrial_done"
"""Message of a worker that has nothing left to do."""
Plan = Callable[[LoadOptions], Demand]
"""What the shoppers of a run are going to do; given by the front door, which knows scenarios."""


class Crowd(FastHttpUser):
    """The one user of a process. A second one in the same process has nothing to do."""

    abstract = True
    host = "http://127.0.0.1"
    concurrency = UNDER_WAY
    network_timeout = 15.0
    connection_timeout = 5.0
    generator: ClassVar[Generator]

    @task
    def shop(self) -> None:
        """Let everybody come, once."""
        self.generator.work(self)
        raise StopUser


class Generator:
    """What one process of Locust does in a load: works, or waits for its workers. `join` it to Locust's events."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._own: Mapping[str, str] = {}
        self._work: _Work | None = None
        self._outing: Outing | None = None
        self._done: dict[str, bool] = {}
        self._origin = time.time() - time.monotonic()  # whoever sets the clock meanwhile does not disturb a load

    def join(self, events: Events) -> None:
        """Take part."""
        events.init_command_line_parser.add_listener(_add_options)
        events.init.add_listener(self._begin)
        events.quitting.add_listener(self._quit)

    def now(self) -> float:
        """Unix time."""
        return self._origin + time.monotonic()

    def work(self, user: Crowd) -> None:
        """Do this process's part, from beginning to end."""
        environment = user.environment
        if self._outing is not None:
            return
        work = self._prepared(environment)
        caller = Caller(user.client, environment.events.request, work.ledger.counter, self.now)
        self._outing = Outing(work.demand, work.options, caller, work.ledger, self.now)
        try:
            self._outing.run()
        except SeatrialError as error:
            _give_up(error)
        finally:
            self._outing.close()
            _runner(environment).send_message(DONE, {"state": work.ledger.state})

    def _begin(self, environment: Environment, **_: Any) -> None:
        """Locust stands, nothing runs yet: make ready what can be made ready."""
        runner = environment.runner
        self._own = _written(environment)
        environment.process_exit_code = ENDED_EARLY
        if isinstance(runner, LocalRunner | MasterRunner):
            runner.register_message(DONE, partial(self._somebody_is_done, runner))
        if isinstance(runner, MasterRunner):
            gevent.spawn(self._look_after, environment, runner)
        elif isinstance(runner, LocalRunner) or int(self._own["parts"] or 0):
            self._prepared(environment)

    def _prepared(self, environment: Environment) -> _Work:
        """Read the plan, once; a worker that was told nothing itself knows from the master when it is to begin."""
        if self._work is None:
            try:
                self._work = self._prepare(environment)
            except SeatrialError as error:
                _give_up(error)
        return self._work

    def _prepare(self, environment: Environment) -> _Work:
        told = {**_written(environment), **{name: text for name, text in self._own.items() if text}}
        options = read_options(told)
        part, parts = _part(environment, options)
        demand = self._plan(options)
        ledger = Ledger(part, parts, Counter(), poster(options))
        if options.ledger:
            ledger.write_to(ledger_of(Path(options.ledger), part, parts))
        return _Work(options, demand, ledger)

    def _somebody_is_done(self, runner: LocalRunner | MasterRunner, environment: Environment, msg: Message) -> None:
        self._done[msg.node_id] = msg.data["state"] == "done"
        if len(self._done) >= _expected(environment):
            gevent.spawn(_finish, environment, runner)

    def _look_after(self, environment: Environment, runner: MasterRunner) -> None:
        """A worker that died will never be done: end when nobody is left who works."""
        while True:
            gevent.sleep(1.0)
            alive = [each.id for each in runner.clients.values() if each.state != STATE_MISSING]
            if self._done and all(each in self._done for each in alive):
                _finish(environment, runner)
                return

    def _quit(self, environment: Environment, **_: Any) -> None:
        if self._outing is not None:
            self._outing.close()
        states = [self._work.ledger.state == "done"] if self._work else list(self._done.values())
        is_whole = all(states) and len(states) >= (1 if self._work else _expected(environment))
        environment.process_exit_code = 0 if is_whole else ENDED_EARLY
        if not isinstance(environment.runner, WorkerRunner):
            tell_statistics(environment.stats, {**_written(environment), **self._own})


class _Work(NamedTuple):
    options: LoadOptions
    demand: Demand
    ledger: Ledger


def _runner(environment: Environment) -> Runner:
    assert environment.runner is not None
    return environment.runner


def _finish(environment: Environment, runner: LocalRunner | MasterRunner) -> None:
    runner.quit()
    if environment.web_ui is not None:
        environment.web_ui.stop()


def _expected(environment: Environment) -> int:
    options = environment.parsed_options
    return options.expect_workers if options is not None and isinstance(environment.runner, MasterRunner) else 1


def _part(environment: Environment, options: LoadOptions) -> tuple[int, int]:
    """Which part of the load this process has: Locust's master counts its workers as they come."""
    runner = environment.runner
    if not isinstance(runner, WorkerRunner):
        return 0, 1
    assert environment.parsed_options is not None
    part, parts = runner.worker_index, options.parts or environment.parsed_options.expect_workers
    if not 0 <= part < parts:
        raise HarnessError(f"worker {part + 1} came to a load of {parts}: the parts of the load are taken")
    return part, parts


def _add_options(parser: LocustArgumentParser, **_: Any) -> None:
    for name, variable in VARIABLES.items():
        flag = f"--{name.replace('_', '-')}"
        # not for the web page: nobody changes a scenario's demand by hand, nor reads its token
        parser.add_argument(flag, dest=f"{PREFIX}{name}", default="", env_var=variable, include_in_web_ui=False)


def _written(environment: Environment) -> dict[str, str]:
    options = vars(environment.parsed_options) if environment.parsed_options is not None else {}
    return {name: str(options.get(f"{PREFIX}{name}") or "") for name in VARIABLES}


def _give_up(error: SeatrialError) -> NoReturn:
    sys.stderr.write(f"seatrial load: {error}\n")
    sys.exit(error.exit_code)
