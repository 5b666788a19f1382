"""Laws of the live page in a real browser: it shows what happens, obeys the keyboard, and runs nobody's markup."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is looked at with playwright: seatrial[browser]")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 15_000  # milliseconds
EVIL = '<img src=x onerror="window.struck=1"><script>window.struck=1</script>'
pytestmark = [
    pytest.mark.wire,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine: apt-get install chromium"),
]


class Harbour:
    """A world on real sockets, on a loop in a thread of its own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.loop = asyncio.new_event_loop()
        self.scene: Any = None
        self.url = ""
        self._make = make
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.do(self._open())

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        self.do(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def call(self, partner: str, outcome: str, **words: str) -> None:
        """Somebody calls a partner."""

        async def work() -> None:
            key, status = words.get("key", "K-1"), 200 if outcome == "ok" else 0
            self.scene.world.evidence.call(
                partner, "find", "", key, "", 1, outcome, status, 0.02, words.get("rule", "")
            )

        self.do(work())

    async def _open(self) -> None:
        self.scene = scene = self._make()
        await scene.waterfront.open()
        scene.waterfront.trade()
        scene.room.begin()
        self.url = scene.room.address(scene.waterfront.harbour.url("control"))

    async def _close(self) -> None:
        await self.scene.room.end()
        await self.scene.waterfront.close()


@pytest.fixture
def harbour(scene_of: Callable[[], Any]) -> Iterator[Harbour]:
    opened = Harbour(scene_of)
    yield opened
    opened.close()
    assert not opened.scene.failures


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, harbour: Harbour) -> Iterator[Any]:
    """The page, open; whatever it complains about is a failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(PATIENCE)
    opened, complaints = context.new_page(), []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.goto(harbour.url)
    opened.wait_for_selector("#partners tr")
    yield opened
    context.close()
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def text(page: Any, selector: str) -> str:
    return page.locator(selector).inner_text()


def until(page: Any, selector: str, words: str) -> None:
    sync_api.expect(page.locator(selector)).to_contain_text(words, timeout=PATIENCE)


def test_the_page_lives(page: Any, harbour: Harbour) -> None:
    """Title, clock, partners and calls are there, and change as things happen."""
    assert text(page, "h1") == "harbour"
    until(page, "#link", "live")
    assert page.locator("#partners tr").count() == len(harbour.scene.world.partners)
    harbour.call("erp", "ok", key="K-7")
    harbour.call("erp", "timed_out", key="K-8", rule="slow")
    until(page, "#calls tr:nth-child(1)", "K-8")
    until(page, "#calls tr:nth-child(1)", "✗timed out")
    until(page, "#calls tr:nth-child(1)", "slow")
    until(page, "#calls tr:nth-child(2)", "✓ok")
    until(page, "#partners tr:nth-child(4)", "50 %")
    before = text(page, "#wall")
    page.wait_for_function("(before) => document.getElementById('wall').textContent !== before", arg=before)


def test_an_order_placed_shows(page: Any) -> None:
    """The button says what was bought by whom; the flow and the first card count it."""
    page.select_option("#channel", "storefront")
    page.click("#order")
    until(page, "#said", "placed LIVE-0001 at storefront")
    until(page, "#flow li:nth-child(1)", "1")
    until(page, "#cards .card:nth-child(1)", "1 order")


def test_a_fault_is_armed_and_disarmed_by_keyboard(page: Any, harbour: Harbour) -> None:
    """No mouse is needed: choose, arm, find the rule, disarm it; the focus is never lost."""

    def armed() -> list[str]:
        return [each.rule.name for each in harbour.scene.world.rulebook.armed]

    page.focus("#fault")
    page.keyboard.type("lost reply")
    page.keyboard.press("Tab")
    page.keyboard.type("erp, all")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    until(page, "#armed", "lost_reply@erp")
    until(page, "#armed", "25 %")
    assert armed() == ["lost_reply@erp"]
    for _ in range(10):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent") == "Disarm":
            break
    page.keyboard.press("Space")
    until(page, "#said", "lost_reply@erp is disarmed")
    sync_api.expect(page.locator("#armed li")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "armed-title"
    assert armed() == []


def test_what_is_wrong_with_a_rule_is_said_beside_it(page: Any) -> None:
    """The server's own words, known names included."""
    page.select_option("#fault", "latency")
    page.fill("#with-delay", "soon")
    page.click("#arm button[type=submit]")
    until(page, "#arm-error", "with.delay: not a duration")
    page.fill("#with-delay", "3 s")
    page.click("#arm button[type=submit]")
    until(page, "#armed", "delay 3 s")
    assert text(page, "#arm-error") == ""


def test_time_is_frozen_and_goes_on(page: Any, harbour: Harbour) -> None:
    """The button says what it will do, and the lamp what is."""
    page.click("#freeze")
    until(page, "#link", "frozen")
    assert harbour.scene.clock.frozen
    until(page, "#freeze", "Let time go on")
    page.click("#freeze")
    until(page, "#link", "live")
    assert not harbour.scene.clock.frozen


def test_markup_of_others_stays_text(page: Any, harbour: Harbour) -> None:
    """Keys, order numbers, names of rules and of teams that hold markup are shown as they are and never run."""
    harbour.call("erp", "ok", key=EVIL, rule=EVIL)
    customer = dict.fromkeys(("customer_no", "email", "street", "postcode", "country"), "x") | {
        "name": EVIL,
        "city": EVIL,
    }
    ask = "([path, body]) => ask('POST', path, body).then(said => 'done', error => error.message)"
    line = {"sku": "SKU-0001", "quantity": 1, "unit_price": 100}
    wish = {"channel": "storefront", "order_no": EVIL, "customer": customer, "lines": [line]}
    assert page.evaluate(ask, ["/api/orders", wish]) == "done"
    assert page.evaluate(ask, ["/api/rules", {"fault": "latency", "at": "erp", "name": EVIL}]) == "done"

    async def case() -> None:
        harbour.scene.world.evidence.event("exception.opened", "erp", EVIL, EVIL, document_id=EVIL)

    harbour.do(case())
    until(page, "#calls", EVIL)
    until(page, "#armed", EVIL)
    until(page, "#cards", "<img src=x")
    page.locator("#armed button").click()
    until(page, "#said", f"{EVIL} is disarmed")
    assert page.evaluate("window.struck") is None
    assert page.locator("main img, main script").count() == 0


def test_a_lost_connection_is_said(page: Any, harbour: Harbour) -> None:
    """The page says that what it shows is old, and from when."""
    until(page, "#link", "live")
    harbour.do(harbour.scene.waterfront.harbour.close())
    until(page, "#link", "connection lost")
    until(page, "#lost", "What you see is from")
    assert page.evaluate("document.body.classList.contains('lost')")


def test_the_end_is_no_lost_connection(page: Any, harbour: Harbour) -> None:
    """Who stops a world, or whose run is over, left nobody behind: the page says so and asks no more."""
    until(page, "#link", "live")
    harbour.do(harbour.scene.room.end())
    until(page, "#link", "ended")
    until(page, "#lost", "It has ended")
    harbour.do(harbour.scene.waterfront.harbour.close())
    page.wait_for_timeout(500)
    assert text(page, "#link") == "ended"


def test_the_list_of_calls_can_be_held_and_sifted(page: Any, harbour: Harbour) -> None:
    """Held, it stands still and counts what is new; sifted, it shows one partner, or only trouble."""
    harbour.call("erp", "ok", key="A")
    harbour.call("north", "reset", key="B")
    until(page, "#calls", "B")
    page.check("#only-trouble")
    sync_api.expect(page.locator("#calls tr")).to_have_count(1)
    page.uncheck("#only-trouble")
    page.select_option("#only-partner", "erp")
    sync_api.expect(page.locator("#calls tr")).to_have_count(1)
    page.select_option("#only-partner", "")
    page.click("#hold")
    harbour.call("erp", "ok", key="C")
    until(page, "#hold", "Go on, 1 new")
    assert "C" not in page.locator("#calls tr .key").all_inner_texts()
    page.click("#hold")
    until(page, "#calls", "C")


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (820, "light"), (390, "light"), (390, "dark")]
)
def test_it_fits_every_screen(browser: Any, harbour: Harbour, tmp_path: Path, width: int, scheme: str) -> None:
    """Nothing is cut off or needs scrolling sideways; pictures are kept where SEATRIAL_PICTURES names a folder."""
    harbour.call(
        "erp",
        "timed_out",
        key="SF-000123/a-rather-long-key-that-somebody-made-up/R1",
        rule="a-rather-long-rule-name@erp",
    )
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(harbour.url)
    page.wait_for_selector("#calls tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(each => !each.labels?.length"
        " && !each.textContent.trim() && !each.getAttribute('aria-label')).map(each => each.id)"
    )
    assert unnamed == []
    folder = Path(os.environ.get("SEATRIAL_PICTURES", tmp_path))
    page.screenshot(path=folder / f"live-{width}-{scheme}.png", full_page=True)
    context.close()
