"""The pytest plugin: the marker `seatrial`, the fixture `sea`, one for each partner; nothing is loaded until then."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from seatrial.testing.channel import ChannelAtHand
    from seatrial.testing.keeping import LoggedTrial
    from seatrial.testing.partner import PartnerAtHand
    from seatrial.testing.partners import Partners
    from seatrial.testing.trial import SeaTrial

_USED = pytest.StashKey["list[LoggedTrial | Partners]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and settings."""
    group = parser.getgroup("seatrial", "resilience of order-to-cash integrations")
    group.addoption(
        "--seatrial-replay", dest="seatrial_replay", default="", metavar="SEED|RUN",
        help="Sail only this seed, or make the strikes of this run folder again.",
    )  # fmt: skip
    group.addoption(
        "--seatrial-seeds", dest="seatrial_seeds", default="", metavar="SEEDS",
        help="Seeds in place of those of the tests: how many (20), a range (1-20) or a list (3,7,9).",
    )  # fmt: skip
    parser.addini("seatrial_dir", "Folder below the root in which failing tests leave their runs.", default=".seatrial")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    line = "seatrial(scenario, seeds=1, integration=..., settings={...}): what the fixture `sea` sails"
    config.addinivalue_line("markers", line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what there is to say about a test that failed; warn of one that passed and only has the marker."""
    report = yield
    used = item.stash.get(_USED, [])
    if used and report.when == "call" and report.failed:
        from seatrial.testing.fixtures import told_of

        told = [told_of(each, item.user_properties) for each in used]
        report.sections += [("seatrial", text) for text in told if text]
    if (
        not used
        and report.when == "call"
        and report.passed
        and any(mark.name == "seatrial" for mark in item.own_markers)
    ):
        from seatrial.testing.fixtures import warn_of

        warn_of(item, "is marked to sail and asked for neither `sea` nor a partner")
    return report


def _remember(item: Any, used: LoggedTrial | Partners) -> None:
    item.stash.setdefault(_USED, []).append(used)


@pytest.fixture
def sea(request: pytest.FixtureRequest) -> Iterator[SeaTrial]:
    """Sails scenarios in virtual time with an integration of yours, by many seeds, and tells what became of them."""
    from seatrial.testing.fixtures import trial_for

    with trial_for(request.node, request.config) as logged:
        _remember(request.node, logged)
        yield logged.trial


@pytest.fixture
def partners(request: pytest.FixtureRequest) -> Iterator[Partners]:
    """All partners of a small world, or of the marker's scenario: HTTP clients find them, each call is done at once."""
    from seatrial.testing.fixtures import partners_for

    with partners_for(request.node) as found:
        _remember(request.node, found)
        yield found


@pytest.fixture
def erp(partners: Partners) -> PartnerAtHand:
    """The ERP, for unit tests of one client."""
    return partners.of_kind("erp")


@pytest.fixture
def carrier(partners: Partners) -> PartnerAtHand:
    """The first carrier."""
    return partners.of_kind("carrier")


@pytest.fixture
def warehouse(partners: Partners) -> PartnerAtHand:
    """The first warehouse."""
    return partners.of_kind("warehouse")


@pytest.fixture
def marketplace(partners: Partners) -> ChannelAtHand:
    """The marketplace: it is polled."""
    return partners.channel("marketplace")


@pytest.fixture
def storefront(partners: Partners) -> ChannelAtHand:
    """The storefront: it sends webhooks."""
    return partners.channel("storefront")


@pytest.fixture
def b2b(partners: Partners) -> ChannelAtHand:
    """The B2B portal: it files batches."""
    return partners.channel("b2b")


@pytest.fixture
def desk(partners: Partners) -> PartnerAtHand:
    """The notification desk."""
    return partners.of_kind("desk")


@pytest.fixture
def supply(partners: Partners) -> PartnerAtHand:
    """The suppliers."""
    return partners.of_kind("supply")
