"""Laws of the page in a real browser: it fits at every width, says nothing on the console, and its button copies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seatrial.reports.page import PageRun, write_page

sync_api = pytest.importorskip("playwright.sync_api", reason="the page is looked at with playwright: seatrial[browser]")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter(each =>
    each.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !each.closest(".scroll, .hidden, svg, thead") && getComputedStyle(each).position !== "absolute"
  ).map(each => each.outerHTML.slice(0, 90))"""
CUT = """() => [...document.querySelectorAll("svg text")].filter(each => each.getClientRects().length).filter(each => {
    const box = each.getBoundingClientRect(), frame = each.closest("svg").getBoundingClientRect();
    return box.width && (box.right > frame.right + 6 || box.left < frame.left - 6);
  }).map(each => each.textContent)"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, careful: PageRun, careless: PageRun) -> str:
    """The page of two runs on disk."""
    return write_page(Path(tmp_path_factory.mktemp("page")) / "report.html", [careful, careless]).as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_the_page_fits_and_is_quiet(browser: Any, address: str, width: int, scheme: str) -> None:
    """At the width of a phone, a tablet and a desk nothing hangs over, no label is cut, and the console is empty."""
    view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("request", lambda request: asked.append(request.url))
    view.goto(address)
    view.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert view.evaluate(TOO_WIDE) == []
    assert view.evaluate(CUT) == []
    assert (said, asked) == ([], [address])
    view.close()


def test_a_command_can_be_copied(browser: Any, address: str) -> None:
    """The button beside a command puts the command as it stands there on the clipboard, reached by the keyboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    view = context.new_page()
    view.goto(address)
    view.locator(".copy").first.focus()
    view.keyboard.press("Enter")
    view.wait_for_function("document.getElementById('said').textContent === 'Copied'")
    assert view.evaluate("navigator.clipboard.readText()") == "seatrial run peak-week --seed 7 --integration resilient"
    context.close()


def test_the_page_can_be_read_without_script(browser: Any, address: str) -> None:
    """With scripts off nothing is missing but the buttons."""
    context = browser.new_context(java_script_enabled=False)
    view = context.new_page()
    view.goto(address)
    assert view.locator(".copy").count() == 0
    assert "seatrial run peak-week --seed 7 --integration naive" in view.locator("#replay").inner_text()
    assert view.locator("#findings").is_visible()
    context.close()


def test_the_first_key_leads_past_the_top(browser: Any, address: str) -> None:
    """The skip link is the first that takes the focus, and it is seen when it does."""
    view = browser.new_page(viewport={"width": 820, "height": 900})
    view.goto(address)
    view.keyboard.press("Tab")
    box = view.locator(":focus").bounding_box()
    assert view.locator(":focus").get_attribute("href") == "#verdict"
    assert box is not None
    assert box["x"] >= 0
    view.close()
