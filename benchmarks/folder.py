"""Time to check, to read into a snapshot and to compute a register folder of 1,000 risks, beside the aims.

The folder is generated: 1,000 risks with an assessment and three effects each, 60 controls, in 20 files. Everything runs in
one warm process; the figures of a machine under load are worth little.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
import yaml

from buttress.core.explain import explain
from buttress.core.posture import posture
from buttress.register.checking.check import check
from buttress.register.files.writer import write_folder
from buttress.register.snapshot import load_snapshot

N_RISKS = 1_000
N_CONTROLS = 60
AS_OF = date(2026, 9, 30)
REPETITIONS = 3
_EFFICACY = {"low": "0.3", "likely": "0.5", "high": "0.7"}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "register"
        write_folder(folder, generated())
        report = check(folder)
        if report.problems:
            sys.exit("\n".join(map(str, report.problems[:5])))
        print(f"{N_RISKS} risks in {len(list(folder.glob('*.yaml')))} files\n")
        print(f"{'':58}{'measured':>12}{'aim':>10}{'ratio':>8}")
        checked, loaded = _timed(lambda: check(folder)), _timed(lambda: load_snapshot(folder, AS_OF))
        plain = _timed(lambda: [yaml.load(p.read_text(), yaml.CSafeLoader) for p in folder.glob("*.yaml")])
        _line("check, s (median)", checked, 2.0)
        _line("snapshot, s (median)", loaded, 2.0)
        _line("  reading the same files with a plain loader, s", plain)
        _line("  snapshot over plain reading", loaded / plain)
        snapshot = load_snapshot(folder, AS_OF)
        _line("posture of it, traces and worth of mending, s", _timed(lambda: posture(snapshot)))
        earlier = load_snapshot(folder, date(2026, 6, 30))
        _line("explain between two of its dates, s", _timed(lambda: explain(earlier, snapshot)))


def generated(n_risks: int = N_RISKS) -> dict[str, dict[str, dict[str, object]]]:
    """Files of the register, the same each time."""
    draw = np.random.default_rng(20260930)
    controls: dict[str, object] = {
        f"C{i:02d}-01": {
            "title": f"Control {i}",
            "kind": "preventive",
            "mode": "automated",
            "criteria": ["CC6.1"],
            "in_place_on": "2025-01-01",
            "walkthroughs": [
                {"effective_on": "2026-01-10", "performed_by": "ruth", "procedure": "inspection", "is_suitable": "true"}
            ],
        }
        for i in range(N_CONTROLS)
    }
    files: dict[str, dict[str, dict[str, object]]] = {
        "organisation.yaml": {"organisation": _organisation()},
        "people.yaml": {"persons": {"ruth": {"name": "Ruth"}}},
        "controls.yaml": {"controls": controls},
    }
    for part in range(20):
        files[f"risks-{part:02d}.yaml"] = {"risks": {f"R-{i:04d}": _risk(i, draw) for i in range(part, n_risks, 20)}}
    return files


def _organisation() -> dict[str, object]:
    likelihood = [("rare", 0.001, 0.1), ("possible", 0.1, 1), ("often", 1, 50)]
    impact = [("minor", 1000, 50_000), ("major", 50_000, 1_000_000), ("severe", 1_000_000, 100_000_000)]
    return {
        "name": "Bench",
        "currency": "USD",
        "scales": [
            {
                "version": "1",
                "effective_on": "2025-12-01",
                "likelihood": [{"name": n, "low": str(a), "high": str(b)} for n, a, b in likelihood],
                "impact": [{"name": n, "low": str(a), "high": str(b)} for n, a, b in impact],
                "ratings": ["low", "moderate", "high"],
                "cells": [["low", "low", "moderate"], ["low", "moderate", "high"], ["moderate", "high", "high"]],
            }
        ],
    }


def _risk(i: int, draw: np.random.Generator) -> dict[str, object]:
    often, median = float(10 ** draw.uniform(-2, 0.3)), float(10 ** draw.uniform(4, 6.3))
    chosen = draw.choice(N_CONTROLS, 3, replace=False)
    return {
        "title": f"Risk {i}",
        "statement": {"cause": "a weakness", "event": "something happens", "consequence": "money is lost"},
        "categories": ["security"],
        "owner": "ruth",
        "criteria": ["CC6.1"],
        "identified_on": "2025-12-10",
        "assessments": [
            {
                "effective_on": "2026-01-20",
                "method": "money",
                "basis": "with_controls",
                "frequency": {"low": f"{often / 4:.5f}", "high": f"{often * 4:.5f}"},
                "loss": {"p50": f"{median:.0f}", "p90": f"{median * 6:.0f}"},
                "estimators": ["ruth"],
            }
        ],
        "effects": [
            {
                "control": f"C{c:02d}-01",
                "factor": "susceptibility",
                "efficacy": {"low": "0.3", "likely": "0.5", "high": "0.7"},
            }
            for c in sorted(chosen.tolist())
        ],
    }


def _timed(run: Callable[[], object]) -> float:
    run()
    times = []
    for _ in range(REPETITIONS):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return statistics.median(times)


def _line(name: str, value: float, aim: float | None = None) -> None:
    beside = f"{aim:>10.3g}{value / aim:>8.2f}" if aim else ""
    print(f"{name:58}{value:>12.3f}{beside}")


if __name__ == "__main__":
    main()
