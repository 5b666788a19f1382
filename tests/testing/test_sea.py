"""The fixture `sea`: what a test of an integration asserts, and what it says when it fails."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
Session = Callable[..., pytest.RunResult]
MARKER = '@pytest.mark.seatrial("fidelity/lost-replies", seeds=2, twice=False)'
TWO_TESTS = f"""
import pytest, shop

{MARKER}
def test_forgetful(sea):
    sea.run(shop.forgetful)
    assert sea.duplicates("sales_order") == 0

{MARKER}
def test_careful(sea):
    sea.run(shop.careful)
    assert sea.duplicates("sales_order") == 0
"""


def left_behind(repository: pytest.Pytester) -> list[str]:
    """The runs that failing tests have kept."""
    return sorted(str(each.parent.relative_to(repository.path)) for each in repository.path.rglob("manifest.json"))


def test_the_marker_and_the_fixture_judge_an_integration(test_session: Session, repository: pytest.Pytester) -> None:
    """The integration that repeats without a key fails its test, the one with a key passes, and leaves nothing."""
    result = test_session(TWO_TESTS)
    result.assert_outcomes(passed=1, failed=1)
    assert left_behind(repository) == [f".seatrial/test_orders.py-test_forgetful/seed-{seed}" for seed in (1, 2)]


def test_a_failure_tells_finding_witness_replay_and_decisions(
    test_session: Session, repository: pytest.Pytester
) -> None:
    """The section of a failing test names the reading, the finding with its witness, the log, and how to replay it."""
    said = test_session(TWO_TESTS).stdout
    said.fnmatch_lines(
        [
            "fidelity/lost-replies · shop:forgetful · 2 seeds (1-2)",
            "*asked *duplicates.sales_order is * documents in seed *by seed 1: * documents, 2: *",
            "seed * violated: it left * duplicate documents*",
            "*DUPLICATE_SALES_ORDER  more than one *, all in orders that lost_reply@erp.create_sales_order struck *",
            "*witness *DUPLICATE_SALES_ORDER, SF-*",
            "*created sales order SF-* as SO-*",
            "*asked to create sales order SF-*no reply after 2 s*",
            "*decisions * strikes, .seatrial/test_orders.py-test_forgetful/seed-*/decisions.jsonl",
            "*replay *pytest test_orders.py::test_forgetful --seatrial-replay ?",
            "*pytest test_orders.py::test_forgetful --seatrial-replay .seatrial/test_orders.py-test_forgetful/seed-?",
            "*look *seatrial explain .seatrial/test_orders.py-test_forgetful/seed-?",
        ]
    )


def test_a_passing_run_takes_away_what_a_failing_one_left(test_session: Session, repository: pytest.Pytester) -> None:
    """Folders are those of the last session: a test that passes now has none."""
    test_session(TWO_TESTS)
    test_session(TWO_TESTS.replace("shop.forgetful", "shop.careful")).assert_outcomes(passed=2)
    assert left_behind(repository) == []


@pytest.mark.parametrize(("replay", "kept"), [("2", "seed-2"), ("{place}/seed-2", "replayed-seed-2")])
def test_a_replay_sails_one_seed_only(
    test_session: Session, repository: pytest.Pytester, replay: str, kept: str
) -> None:
    """`--seatrial-replay` takes a seed or a kept run; what it was given stays where it is."""
    place = ".seatrial/test_orders.py-test_forgetful"
    test_session(TWO_TESTS)
    first = json.loads((repository.path / place / "seed-2" / "manifest.json").read_text())["digest"]
    result = test_session(TWO_TESTS, "-k", "forgetful", "--seatrial-replay", replay.format(place=place))
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["fidelity/lost-replies · shop:forgetful · seed 2"])
    again = json.loads((repository.path / place / kept / "manifest.json").read_text())["digest"]
    assert again == first
    assert (repository.path / place / "seed-1").is_dir()


def test_the_command_line_says_how_many_seeds(test_session: Session) -> None:
    """`--seatrial-seeds` takes the place of every test's own."""
    text = """
        import pytest, shop

        @pytest.mark.seatrial("fidelity/lost-replies", seeds=9, twice=False)
        def test_seeds(sea):
            assert [run.seed for run in sea.run(shop.careful)] == [4, 6]
    """
    test_session(text, "--seatrial-seeds", "4,6").assert_outcomes(passed=1)


def test_everything_can_be_said_without_a_marker(test_session: Session) -> None:
    """Scenario, seeds, settings and the integration are arguments of `run` as well; what it gives is by seed."""
    text = """
        def test_run(sea):
            runs = sea.run("retrying", scenario="fidelity/lost-replies", seeds="3-4", settings={"duration": "10 s"})
            assert [run.seed for run in runs] == [3, 4]
            assert sea.duplicates("sales_order") > 0
            assert sea.reading("duplicates.sales_order").value == max(
                run.reading("duplicates.sales_order").value for run in runs)
            assert sea.verdict.outcome == "violated"
            assert {each.code for each in sea.findings} >= {"DUPLICATE_SALES_ORDER"}
            assert not runs[0].evidence.filter(document="sales_order").is_empty()
    """
    test_session(text).assert_outcomes(passed=1)


def test_an_argument_of_run_comes_before_the_marker_and_the_nearest_marker_first(test_session: Session) -> None:
    """Module, class, function, call: each says what the one before did not mean."""
    text = """
        import pytest
        pytestmark = pytest.mark.seatrial(
            "fidelity/calm", seeds=7, integration="naive", settings={"duration": "5 s", "calm": "5 s"})

        @pytest.mark.seatrial(seeds=2)
        def test_course(sea):
            assert sea.course.scenario == "fidelity/calm"
            runs = sea.run("resilient", seeds=[5])
            assert [run.seed for run in runs] == [5]
            assert sea.verdict.facts.integration == "resilient"
            assert len(sea.run()) == 2
            assert sea.verdict.facts.integration == "naive"
    """
    test_session(text).assert_outcomes(passed=1)


def test_assert_passed_says_what_is_wrong(test_session: Session) -> None:
    """It passes where every seed passed; else its message is the verdict of the worst."""
    text = """
        def test_good(sea):
            sea.run("resilient", scenario="fidelity/lost-replies")
            sea.assert_passed(inconclusive=True)

        def test_bad(sea):
            sea.run("naive", scenario="fidelity/lost-replies", seeds=2, fail_fast=True)
            assert len(sea.verdicts) == 1
            sea.assert_passed()
    """
    result = test_session(text)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*AssertionError: seed 1 violated: it left *"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("'calm-dya'", "unknown scenario: 'calm-dya' · did you mean 'calm-day'?"),
        ("'calm-day', seeds='x'", "@pytest.mark.seatrial: not a list of seeds: 'x'"),
        ("'calm-day', seeds=True", "@pytest.mark.seatrial: not seeds: True"),
        ("'calm-day', sedes=3", "@pytest.mark.seatrial: no such argument: 'sedes' · did you mean 'seeds'?"),
        ("'calm-day', 'peak-week'", "@pytest.mark.seatrial: a test sails one scenario"),
        ("7", "@pytest.mark.seatrial: `scenario` is a name or a file: 7"),
        ("'calm-day', settings='duration=2 d'", "@pytest.mark.seatrial: `settings` is a mapping"),
        ("'calm-day', settings={'duration': '2 dayz'}", "settings={'duration': '2 dayz'}: unknown unit of time"),
        (
            "'calm-day', settings={'durration': '2 d'}",
            "settings={'durration': '2 d'}: unknown setting: 'durration' · did",
        ),
        ("'calm-day', integration='resilent'", "unknown integration: 'resilent' · did you mean 'resilient'?"),
        ("'calm-day', integration='shop:nobody'", "shop has no such function: 'nobody'"),
        ("'calm-day', fail_fast='yes'", "@pytest.mark.seatrial: `fail_fast` is True or False"),
        ("", "no scenario to sail"),
    ],
)
def test_a_bad_marker_is_told_and_not_traced(test_session: Session, marker: str, said: str) -> None:
    """What a marker says wrongly is named, with the value and what is known; no line of ours is shown."""
    result = test_session(f"""
        import pytest

        @pytest.mark.seatrial({marker})
        def test_marked(sea):
            sea.run()
    """)
    told = result.stdout.str()
    assert said in told
    assert "seatrial/testing/" not in told.replace("\\", "/")
    assert result.ret == 1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--seatrial-replay=nowhere", "--seatrial-replay:"),
        ("--seatrial-seeds=0", "--seatrial-seeds:"),
    ],
)
def test_a_bad_option_is_told(test_session: Session, option: str, said: str) -> None:
    """An option that makes no sense fails the tests that would have followed it, in one line."""
    result = test_session("def test_x(sea): pass", option)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"{said}*"])


def test_the_log_of_another_scenario_is_refused(test_session: Session, repository: pytest.Pytester) -> None:
    """A run folder is replayed by the test that left it behind."""
    test_session(TWO_TESTS)
    other = TWO_TESTS.replace("fidelity/lost-replies", "fidelity/calm")
    result = test_session(other, "--seatrial-replay=.seatrial/test_orders.py-test_forgetful/seed-1")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*--seatrial-replay: the decisions are of another scenario: 'fidelity/lost-replies'*"])


def test_asking_before_sailing_is_told(test_session: Session) -> None:
    """Whoever reads before anything was sailed is told what to do first."""
    result = test_session("def test_x(sea): assert sea.duplicates('sales_order') == 0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*nothing was sailed · call sea.run(my_integration) first"])


def test_a_dead_integration_fails_its_test(test_session: Session) -> None:
    """An integration that ended by itself did nothing: that nothing was made twice is no result."""
    result = test_session(TWO_TESTS.replace("shop.careful", "shop.dead"), "-k", "careful")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*Died: the integration under test ended by itself, seed 1: LookupError(*shop.py:*"])


def test_a_count_of_what_was_never_made_is_no_result(test_session: Session) -> None:
    """No invoice was ever made: to count none twice would be a test that can only pass."""
    result = test_session(TWO_TESTS.replace('"sales_order"', '"credit_memo"'), "-k", "careful")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*NothingToCount: duplicates.credit_memo: no credit_memo was made in any of 2*"])


def test_a_count_of_what_was_never_old_enough_says_so(test_session: Session) -> None:
    """Where all that is missing was within its grace, the failing test says that, and what to set."""
    young = TWO_TESTS.replace("sea.run(shop.careful)", "sea.run(shop.careful, settings={'grace': '44.999 s'})")
    result = test_session(young.replace('sea.duplicates("sales_order")', 'sea.lost("fulfilment")'), "-k", "careful")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*NothingToCount: lost.fulfilment: no fulfilment was owed*set a shorter 'grace'*"])


def test_a_sea_on_which_nothing_sailed_is_a_warning(test_session: Session) -> None:
    """A test that asks for it and runs nothing passes for nothing."""
    result = test_session(TWO_TESTS.replace("sea.run(shop.careful)", "return"), "-k", "careful")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["*test_orders.py:8: NothingSailed: test_careful asked for `sea` and never called sea.run*"]
    )


def test_a_marker_alone_is_a_warning(test_session: Session) -> None:
    """Who wrote it on the test itself meant that to sail; on a class or module some tests may do without."""
    result = test_session("""
        import pytest

        pytestmark = pytest.mark.seatrial("fidelity/lost-replies")

        @pytest.mark.seatrial(seeds=2)
        def test_x():
            pass

        def test_y():
            pass
    """)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*NothingSailed: test_x is marked to sail and asked for neither `sea` nor a partner*"])
    result.stdout.no_fnmatch_line("*test_y is marked*")


@pytest.mark.parametrize("place", ["checks", "."])
def test_a_scenario_lies_beside_its_test_or_below_the_root(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """From wherever pytest is started: editors and repositories of several projects start it elsewhere."""
    text = Path(str(files("seatrial.scenarios.library") / "fidelity/lost-replies.yaml")).read_text(encoding="utf-8")
    folder = repository.mkdir("checks")
    (repository.path / place / "ours.yaml").write_text(text, encoding="utf-8")
    (folder / "test_it.py").write_text(
        """
import pytest

@pytest.mark.seatrial("ours.yaml", settings={"duration": "20 s"})
def test_sea(sea):
    sea.run("resilient")
    sea.run("resilient", scenario="ours.yaml")
    assert repr(sea).startswith("<sea: ours.yaml: seed 1 ")

@pytest.mark.seatrial("ours.yaml")
def test_unit(erp):
    assert erp.url
""",
        encoding="utf-8",
    )
    elsewhere = repository.mkdir("elsewhere")
    monkeypatch.chdir(elsewhere)
    result = repository.runpytest_inprocess("-p", "no:cacheprovider", f"--rootdir={repository.path}", str(folder))
    result.assert_outcomes(passed=2)


def test_a_run_that_failed_was_a_run(test_session: Session) -> None:
    """Whoever expects what `sea.run` raises is not told that it was never called."""
    result = test_session("""
        import pytest
        from seatrial.sim.errors import BadInput

        def test_x(sea):
            with pytest.raises(BadInput):
                sea.run("resilient", scenario="no-such-scenario")
    """)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*NothingSailed*")


def test_a_fault_that_never_struck_is_a_warning(test_session: Session) -> None:
    """A test may pass because the storm never came: then it says so."""
    text = TWO_TESTS.replace("twice=False", 'twice=False, settings={"faults.0.at": "erp.post_invoice"}')
    result = test_session(text, "-k", "careful")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["*FaultNeverStruck: * struck in none of 2 runs of fidelity/lost-replies*"])


def test_code_that_does_not_do_the_same_twice_is_told(test_session: Session) -> None:
    """The first seed is sailed twice: state in a module that outlives a run cannot be judged."""
    text = """
        import pytest, shop

        @pytest.mark.seatrial("fidelity/lost-replies")
        def test_state(sea):
            runs = []

            async def stateful(sea):
                runs.append(1)
                await shop.enter(sea, keyed=len(runs) > 1)

            sea.run(stateful)
    """
    result = test_session(text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Diverged: the integration did not do the same twice (seed 1): at *"])


def test_what_the_code_raised_is_told(test_session: Session) -> None:
    """An error in a webhook handler is shown with its place in the user's file."""
    text = """
        import asyncio, pytest, shop

        async def clumsy(sea):
            async def hear(hook):
                raise KeyError("lines")
            sea.webhooks(hear)
            await asyncio.sleep(1e9)

        @pytest.mark.seatrial("fidelity/calm", twice=False)
        def test_mishap(sea):
            sea.run(clumsy)
            assert sea.mishaps == ()
            assert sea.lost("sales_order") == 0
    """
    result = test_session(text)
    result.stdout.fnmatch_lines(["*raised *the webhook handler*KeyError('lines')*test_orders.py:5*"])


def test_the_place_of_kept_runs_is_a_setting(test_session: Session, repository: pytest.Pytester) -> None:
    """`seatrial_dir` says where; the folder is in no repository; at most three runs stay."""
    repository.makeini(f"{INI}seatrial_dir = build/storms\n")
    test_session(TWO_TESTS.replace("seeds=2", "seeds=5"), "-k", "forgetful")
    assert len(left_behind(repository)) == 3
    assert all(each.startswith("build/storms/") for each in left_behind(repository))
    assert "*" in Path(repository.path / "build/storms/.gitignore").read_text()


def test_found_storms_stay_in_the_repository(test_session: Session, repository: pytest.Pytester) -> None:
    """What failing tests leave is ignored by git; what a search has found beside it is not."""
    test_session(TWO_TESTS, "-k", "forgetful")
    storm, kept = Path(".seatrial/storms/lost-order.yaml"), Path(left_behind(repository)[0]) / "manifest.json"
    (repository.path / storm).parent.mkdir()
    (repository.path / storm).touch()
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=repository.path)
    asked = ["git", "check-ignore", str(storm), str(kept)]
    told = subprocess.run(asked, check=False, cwd=repository.path, capture_output=True, text=True)
    assert told.stdout.split() == [str(kept)]


def test_a_bad_marker_is_told_once(test_session: Session) -> None:
    """One sentence, and no chain of errors before it."""
    result = test_session("import pytest\n@pytest.mark.seatrial('calm-day', sed=2)\ndef test_it(sea): ...\n")
    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*another exception occurred*")


def test_a_place_that_cannot_be_written_costs_no_report(test_session: Session, repository: pytest.Pytester) -> None:
    """Where no folder can be made, the section says so and has everything else."""
    (repository.path / ".seatrial").write_text("in the way")
    result = test_session(TWO_TESTS, "-k", "forgetful")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*witness *DUPLICATE_SALES_ORDER*", "*no run was kept: *seatrial_dir*"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sea.run('naive', scenario='fidelity/clam')", "unknown scenario: 'fidelity/clam'"),
        ("sea.reading('duplicates.total')", "nothing was sailed"),
        ("partners['epr']", "no such partner in this world: 'epr'"),
        ("partners['erp'].duplicates('label')", "erp makes no such document: 'label'"),
        ("partners.pass_time('soon')", "not a duration: 'soon'"),
        ("partners['erp'].fault('lost_replay')", "fault: unknown fault: 'lost_replay'"),
        ("partners['erp'].fault('lost_reply', how='rest').__enter__()", "with.how: unknown word: 'rest'"),
        ("partners.channel('storefront').sell('SKU-9')", "nobody sells this: 'SKU-9'"),
    ],
)
def test_an_error_of_the_test_is_shown_at_its_line(test_session: Session, line: str, said: str) -> None:
    """What a test says wrongly ends its traceback in the test: no line of ours is shown."""
    told = test_session(f"def test_x(sea, partners): {line}").stdout.str()
    assert said in told
    assert "seatrial/testing/" not in told
    assert "seatrial/scenarios/" not in told
