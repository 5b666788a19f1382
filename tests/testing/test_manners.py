"""The plugin as a guest in somebody's repository: it is quiet until it is used, and gets along with others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import seatrial.testing

Session = Callable[..., pytest.RunResult]
OWN_FOLDERS = ("mocks", "sim", "reports", "scenarios", "tests")
PLAIN = """
def test_plain():
    import sys
    loaded = sorted(name for name in sys.modules if name.partition(".")[0] in ("seatrial", "polars", "httpx", "simpy"))
    assert loaded == []
"""
ASYNC_USE = """
import httpx, pytest, shop

async def use(sea, erp):
    async with httpx.AsyncClient() as client:
        with erp.fault("lost_reply", at="sign_in"), pytest.raises(httpx.ReadTimeout):
            await client.post(f"{erp.url}/sign-in", json={})
        assert (await client.get(f"{erp.url}/clock")).status_code == 200
    sea.run(shop.careful, scenario="fidelity/lost-replies", twice=False)
    assert sea.duplicates("sales_order") == 0
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{erp.url}/clock")).status_code == 200
"""


def session(repository: pytest.Pytester, *options: str) -> pytest.RunResult:
    """A session in a process of its own, as its user starts it, without other people's plugins."""
    unneeded = [word for name in ("locust", "faker", "hypothesispytest", "respx") for word in ("-p", f"no:{name}")]
    return repository.runpytest_subprocess("-p", "no:cacheprovider", *unneeded, *options)


def test_a_session_that_uses_nothing_loads_nothing(repository: pytest.Pytester) -> None:
    """Installed beside a hundred tests of something else, the plugin imports no part of Seatrial."""
    repository.makepyfile(test_plain=PLAIN)
    session(repository).assert_outcomes(passed=1)


def test_help_and_markers_say_what_there_is(repository: pytest.Pytester) -> None:
    """Options, setting and marker are where pytest shows such things; fixtures say what they are."""
    said = [session(repository, option).stdout.str() for option in ("--help", "--markers", "--fixtures")]
    assert all(name in said[0] for name in ("--seatrial-replay=SEED|RUN", "--seatrial-seeds=SEEDS", "seatrial_dir"))
    assert "@pytest.mark.seatrial(scenario, seeds=1" in said[1]
    assert all(f"\n{name} " in said[2] for name in ("sea", "partners", "erp", "carrier", "storefront", "b2b", "desk"))


def test_it_can_be_left_out(repository: pytest.Pytester) -> None:
    """`-p no:_seatrial_pytest` leaves neither fixture nor option."""
    repository.makepyfile(test_plain="def test_sea(sea): pass")
    result = session(repository, "-p", "no:_seatrial_pytest")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'sea' not found"])


def test_folders_named_like_ours_are_the_users(repository: pytest.Pytester) -> None:
    """A repository with packages `mocks`, `sim`, `tests`, `reports` and `scenarios` gets its own, under the plugin."""
    for name in OWN_FOLDERS:
        place = repository.mkpydir(name)
        (place / "dice.py").write_text(f"OWN = {name!r}\n", encoding="utf-8")
    imports = "\n".join(f"    import {name}.dice; assert {name}.dice.OWN == {name!r}" for name in OWN_FOLDERS)
    sailed = "    sea.run(shop.careful, scenario='fidelity/lost-replies')"
    text = f"import shop\n\ndef test_own(sea):\n{imports}\n{sailed}\n{imports}\n"
    (repository.path / "tests" / "test_own.py").write_text(text, encoding="utf-8")
    session(repository, "tests").assert_outcomes(passed=1)


def test_fixtures_of_the_users_are_nearer(test_session: Session) -> None:
    """A user's own fixture called `erp` is what his tests get."""
    text = """
        import pytest

        @pytest.fixture
        def erp():
            return "mine"

        def test_mine(erp):
            assert erp == "mine"
    """
    test_session(text).assert_outcomes(passed=1)


@pytest.mark.slow
def test_workers_sail_and_report(repository: pytest.Pytester) -> None:
    """Under xdist options reach the workers, and what they tell of a failure reaches the terminal."""
    repository.makepyfile(
        test_orders="""
        import pytest, shop

        @pytest.mark.parametrize("integration", [shop.forgetful, shop.careful])
        @pytest.mark.seatrial("fidelity/lost-replies", seeds=5, twice=False)
        def test_orders(sea, integration):
            assert len(sea.run(integration)) == 1
            assert sea.duplicates("sales_order") == 0
        """
    )
    result = session(repository, "-n2", "--seatrial-replay=3")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*witness *DUPLICATE_SALES_ORDER*", "*--seatrial-replay 3"])


@pytest.mark.parametrize("mark", ["asyncio", "anyio"])
def test_async_tests_use_both_fixtures(test_session: Session, mark: str) -> None:
    """In a test that runs in a loop already, of pytest-asyncio or anyio, calls are done and scenarios are sailed."""
    backend = '@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'
    test = f"@pytest.mark.{mark}\nasync def test_use(sea, erp):\n    await use(sea, erp)\n"
    test_session(f"{ASYNC_USE}\n{backend}\n{test}").assert_outcomes(passed=1)


def test_synchronous_code_in_an_async_test_is_sailed(test_session: Session) -> None:
    """A synchronous integration runs in the thread that such a test has for it."""
    text = """
        import time, pytest, requests

        def main(sea):
            while True:
                time.sleep(5)
                requests.get(sea.url("erp") + "/clock", timeout=3)

        @pytest.mark.asyncio
        async def test_use(sea):
            sea.run(main, scenario="fidelity/calm", twice=False)
            assert sea.mishaps == ()
    """
    test_session(text).assert_outcomes(passed=1)


def test_code_that_blocks_is_told_in_an_async_test_too(test_session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog stops a loop without a wait in whatever thread it runs."""
    monkeypatch.setattr("seatrial.mocks.guests.habitat.PATIENCE", 0.5)
    text = """
        import asyncio, pytest

        async def main(sea):
            while True:
                pass

        @pytest.mark.asyncio
        async def test_use(sea):
            sea.run(main, scenario="fidelity/calm", twice=False)
    """
    result = test_session(text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Blocked: the integration kept its turn: *test_orders.py:*"])


def test_an_interruption_ends_the_session(repository: pytest.Pytester) -> None:
    """Ctrl-C within a run is meant for the session, not for one test."""
    repository.makepyfile(
        test_orders="""
        import asyncio, ctypes, signal, shop

        async def main(sea):
            await asyncio.sleep(1)
            getattr(ctypes.CDLL(None), "raise")(signal.SIGINT)  # from outside: no fence stands there

        def test_one(sea):
            sea.run(main, scenario="fidelity/calm", twice=False)

        def test_two():
            pass
        """
    )
    result = session(repository)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*KeyboardInterrupt*"])
    result.stdout.no_fnmatch_line("*passed*")


def test_other_programs_are_told_how_to_replay(test_session: Session, repository: pytest.Pytester) -> None:
    """The JUnit file of a failing test has the command and the folder among the test's properties."""
    text = """
        import pytest, shop

        @pytest.mark.seatrial("fidelity/lost-replies", twice=False)
        def test_orders(sea):
            sea.run(shop.forgetful)
            assert sea.duplicates("sales_order") == 0
    """
    test_session(text, "--junit-xml=out.xml", "-o", "junit_family=xunit1")
    said = (repository.path / "out.xml").read_text(encoding="utf-8")
    assert 'name="seatrial_replay" value="pytest test_orders.py::test_orders --seatrial-replay 1"' in said
    assert 'name="seatrial_run" value=".seatrial/test_orders.py-test_orders/seed-1"' in said


@pytest.mark.parametrize("name", seatrial.testing.__all__)
def test_a_name_for_type_hints_exists_and_is_explained(name: str) -> None:
    """What `seatrial.testing` promises can be had, and says what it is."""
    assert getattr(seatrial.testing, name).__doc__


def test_a_missing_extra_is_told(test_session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without httpx the fixtures say which extra they need."""
    monkeypatch.setattr("seatrial.mocks.guests.extra.find_spec", lambda _: None)
    text = """
        def test_partner(erp): pass
        def test_sea(sea): sea.run(lambda: None, scenario="fidelity/calm")
        def test_reference(sea): sea.run("naive", scenario="fidelity/calm")
    """
    result = test_session(text)
    result.assert_outcomes(errors=1, failed=1, passed=1)
    result.stdout.fnmatch_lines(["*it needs the extra `guest`: pip install 'seatrial*guest*'"] * 2)


def test_the_plugin_is_a_module_of_its_own() -> None:
    """Its name does not begin with `seatrial`, for importing that would import the package."""
    ask = "import sys, _seatrial_pytest; print([name for name in sys.modules if name.startswith('seatrial')])"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
