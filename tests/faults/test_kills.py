"""Killed at any moment, a write left all of itself or nothing, and the next run comes to its end."""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from buttress.register.demo import DEMO
from faults.conftest import Engine
from faults.generated import register_folder
from faults.installations import Installation
from faults.warm import Forge

pytestmark = pytest.mark.faults

ROUNDS = 20
RISKS = 120
SEED = "BUTTRESS_TEST_SEED"

RUN_DAY = "2026-09-30"

State = dict[str, Any]


class Bench:
    """An engine with its warm process, and how many rounds were killed before their end."""

    def __init__(self, engine: Engine, forge: Forge) -> None:
        self.engine, self.forge = engine, forge
        self.killed = self.kept = 0

    def state(self, place: Installation) -> State:
        """As verification finds it, which must be in order at any time."""
        self.engine.wait_for_end_of_sessions(place)
        found: State = self.forge.run("state", place)
        assert found["problems"] == []
        return found

    def rounds(self, action: str, start: Installation, *arguments: str) -> Iterator[Installation]:
        """Copies of `start` on which the action was killed; moments are spread over the time it takes undisturbed.

        Undisturbed runs before the rounds give that time; the last of them is the first that is yielded.
        """
        took = []
        for _ in range(2):
            place = self.engine.fresh(start)
            took.append(self.forge.timed(action, place, *arguments))
        yield place
        seed = int(os.environ.get(SEED) or random.randrange(2**32))
        draw = random.Random(seed)
        print(f"\n{action} on {self.engine.name}: {min(took):.2f} s undisturbed; {SEED}={seed}")
        for number in draw.sample(range(ROUNDS), ROUNDS):
            # A little beyond, so that some are hit while they commit, or just after.
            after = 1.15 * min(took) * (number + draw.random()) / ROUNDS
            place = self.engine.fresh(start)
            if self.forge.killed(action, place, *arguments, after=after):
                self.killed += 1
            else:
                took.append(after)
            yield place
            self.engine.drop(place)
        print(f"killed {self.killed} of {ROUNDS}; {self.kept} had committed")
        assert self.killed >= ROUNDS / 4, "too few were killed before their end"


@pytest.fixture
def bench(engine: str, engines: Callable[[str], Engine], forges: Callable[[str], Forge]) -> Bench:
    return Bench(engines(engine), forges(engine))


@pytest.fixture(scope="module")
def demo_backup(
    engines: Callable[[str], Engine], forges: Callable[[str], Forge], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A backup of the demo company, made on SQLite."""
    place, forge = engines("sqlite").fresh(), forges("sqlite")
    target = str(tmp_path_factory.mktemp("backup") / "demo.zip")
    forge.run("found", place)
    forge.run("apply", place, str(DEMO))
    forge.run("backup", place, target)
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(register_folder(tmp_path_factory.mktemp("generated") / "register", RISKS))


def test_a_killed_restore_leaves_all_or_nothing(bench: Bench, demo_backup: str) -> None:
    empty = bench.state(bench.engine.template)
    rounds = bench.rounds("restore", bench.engine.template, demo_backup)
    whole = bench.state(next(rounds))
    rows = sum(count for count, _ in whole["tables"].values())
    assert rows > 1000
    for place in rounds:
        found = bench.state(place)
        if found["organisations"]:
            bench.kept += 1
            assert found == whole
            assert "is not empty" in bench.forge.refused("restore", place, demo_backup)
        else:
            assert found == empty
            # It compares and verifies by itself.
            assert bench.forge.run("restore", place, demo_backup) == rows


def test_a_killed_apply_leaves_all_or_nothing(bench: Bench, folder: str) -> None:
    start = bench.engine.fresh()
    bench.forge.run("found", start)
    before = bench.state(start)
    rounds = bench.rounds("apply", start, folder)
    counts = bench.state(next(rounds))["counts"]
    assert counts["harbourline"]["risks.assessments"] == RISKS
    for place in rounds:
        found = bench.state(place)
        if found["tables"] == before["tables"]:
            assert bench.forge.run("apply", place, folder) is not None
        else:
            bench.kept += 1
            assert bench.forge.run("apply", place, folder) is None, "something was left to do"
        assert bench.forge.run("counts", place) == counts


def test_a_killed_rebuild_of_figures_leaves_all_or_nothing(bench: Bench, folder: str) -> None:
    start = bench.engine.fresh()
    bench.forge.run("found", start)
    bench.forge.run("apply", start, folder)
    before = bench.state(start)
    assert bench.forge.run("figures", start)["waits"]
    rounds = bench.rounds("rebuild", start)
    done = {"waits": False, "differences": []}
    assert bench.forge.run("figures", next(rounds)) == done
    for place in rounds:
        found = bench.state(place)
        assert inputs(found) == inputs(before)
        if found["tables"] == before["tables"]:
            bench.forge.run("rebuild", place)
        else:
            bench.kept += 1
        assert bench.forge.run("figures", place) == done


def test_a_killed_run_of_control_tests_is_done_once_and_as_if_undisturbed(bench: Bench) -> None:
    start = bench.engine.fresh()
    bench.forge.run("found", start)
    bench.forge.run("apply", start, str(DEMO))
    bench.forge.run("rebuild", start)
    bench.forge.run("ask", start, RUN_DAY)
    rounds = bench.rounds("work", start)
    whole = bench.forge.run("monitored", next(rounds))
    assert (whole["state"], whole["problems"]) == ("done", [])
    assert len(whole["results"]) > 2
    for place in rounds:
        bench.state(place)
        found = bench.forge.run("monitored", place)
        assert found["problems"] == []
        assert found["results"] in ([], whole["results"]), "a part of a run was recorded"
        bench.kept += found["state"] == "done"
        assert bench.forge.run("work", place) == whole


def inputs(state: State) -> dict[str, Any]:
    """All tables but those of stored figures."""
    return {label: digest for label, digest in state["tables"].items() if not label.startswith("register.")}
