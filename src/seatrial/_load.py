"""What Locust loads (`-f`): the shoppers of a scenario. See docs/load.md."""

from locust import events

from seatrial.mocks.wire.load_options import LoadOptions
from seatrial.mocks.wire.load_plan import Demand
from seatrial.mocks.wire.load_user import Crowd, Generator
from seatrial.scenarios.embark import season_of
from seatrial.scenarios.loader import load_scenario


def _plan(options: LoadOptions) -> Demand:
    loaded = load_scenario(options.scenario, options.settings)
    season = season_of(loaded, options.seed)
    return Demand(season.intents, season.habits, float(loaded.scenario.duration))


class Shoppers(Crowd):
    """All shoppers of this process."""

    generator = Generator(_plan)


Shoppers.generator.join(events)
