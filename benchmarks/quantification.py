"""Time, memory and accuracy of the loss arithmetic on a frozen portfolio of 1,000 risks, beside their aims.

Run with `.venv/bin/python benchmarks/quantification.py`. Everything is measured in one process that is warm but keeps no
result: each repetition starts from the risks' laws. Accuracy is against the same laws on lattices eight times as fine, so
that it tells the error of the lattice alone. The figures of a machine under load are worth little: close other work first.
"""

import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from frozen_portfolio import frozen_portfolio

from buttress.core.annual_loss import AnnualLoss
from buttress.core.exceedance import LossDistribution
from buttress.core.portfolio import Portfolio, build_portfolio
from buttress.core.risk_quantiles import risk_quantiles

N_RISKS = 1_000
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
REPETITIONS = 9
EDITS = 200
FINER = 8

T = TypeVar("T")


def main() -> None:
    losses = frozen_portfolio(N_RISKS)
    print(f"{N_RISKS} risks, mean {sum(loss.mean for loss in losses):,.0f} a year\n")
    print(f"{'':58}{'measured':>12}{'aim':>10}{'ratio':>8}")
    portfolio, quantiles = _report_whole(losses)
    _report_edit(portfolio, losses)
    _report_memory()
    _report_portfolio_error(portfolio, losses)
    _report_risk_error(quantiles, losses)


def _report_whole(losses: Sequence[AnnualLoss]) -> tuple[Portfolio, NDArray[np.float64]]:
    build_portfolio(losses)
    risk_quantiles(losses, QUANTILES)
    start = process_time()
    portfolio, times = _timed(lambda: _portfolio_with_figures(losses), REPETITIONS)
    quantiles, risk_times = _timed(lambda: risk_quantiles(losses, QUANTILES), REPETITIONS)
    processor = process_time() - start
    both = [one + other for one, other in zip(times, risk_times, strict=True)]
    _line("portfolio with VaR and TVaR, s (median)", statistics.median(times))
    _line("quantiles of every risk, s (median)", statistics.median(risk_times))
    _line("portfolio and quantiles of every risk, s (median)", statistics.median(both), 0.7)
    _line("  the same, slowest of the repetitions", max(both))
    _line("  the same, processor time of one repetition", processor / REPETITIONS)
    return portfolio, quantiles


def _portfolio_with_figures(losses: Sequence[AnnualLoss]) -> Portfolio:
    portfolio = build_portfolio(losses)
    _figures(portfolio.distribution())
    return portfolio


def _report_edit(portfolio: Portfolio, losses: Sequence[AnnualLoss]) -> None:
    times = []
    for loss in losses[:EDITS]:
        edited = AnnualLoss(loss.frequency.scaled(0.8, 0.7), loss.magnitude)
        _, (time,) = _timed(partial(_figures_after, portfolio, loss, edited), 1)
        times.append(1e3 * time)
    _line("one touched risk to VaR, TVaR and curve, ms (median)", statistics.median(times), 5.0)
    _line("  the same, 95th percentile", float(np.quantile(times, 0.95)), 5.0)


def _figures_after(portfolio: Portfolio, old: AnnualLoss, new: AnnualLoss) -> tuple[list[float], object]:
    law = portfolio.requantified([old], [new]).distribution()
    return _figures(law), law.curve()


def _report_memory() -> None:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _line("peak memory of the process so far, MB", kilobytes / 1024, 300)


def _report_portfolio_error(portfolio: Portfolio, losses: Sequence[AnnualLoss]) -> None:
    finer = build_portfolio(losses, size=FINER * portfolio.grid.size)
    fine = finer.distribution()
    errors = 100 * np.abs(np.array(_figures(portfolio.distribution())) / np.array(_figures(fine)) - 1)
    print(
        f"\nportfolio against {FINER} times the buckets, step {portfolio.grid.step / finer.grid.step:.2f} times as wide"
    )
    for q, var, tvar in zip(QUANTILES, errors[: len(QUANTILES)], errors[len(QUANTILES) :], strict=True):
        _line(f"  q {q:<6} VaR, %", var, 0.1)
        _line(f"  q {q:<6} TVaR, %", tvar, 0.1)
    _line("  largest, %", float(errors.max()), 0.1)


def _report_risk_error(quantiles: NDArray[np.float64], losses: Sequence[AnnualLoss]) -> None:
    fine = risk_quantiles(losses, QUANTILES, size=FINER * 1024)
    errors = 100 * np.abs(quantiles / np.where(fine > 0, fine, 1) - 1) * (fine > 0)
    print(f"\nevery risk against {FINER} times the buckets: 99th percentile and largest over the risks")
    for column, q in enumerate(QUANTILES):
        _line(f"  q {q:<6} 99th percentile, %", float(np.quantile(errors[:, column], 0.99)), 0.1)
        _line(f"  q {q:<6} largest, %", float(errors[:, column].max()), 0.1)


def _figures(law: LossDistribution) -> list[float]:
    return [law.value_at_risk(q) for q in QUANTILES] + [law.tail_value_at_risk(q) for q in QUANTILES]


def _timed(call: Callable[[], T], repetitions: int) -> tuple[T, list[float]]:
    times = []
    for _ in range(repetitions):
        start = perf_counter()
        value = call()
        times.append(perf_counter() - start)
    return value, times


def _line(what: str, figure: float, aim: float | None = None) -> None:
    beside = f"{aim:>10g}{figure / aim:>8.2f}" if aim is not None else ""
    print(f"{what:58}{figure:>12.4g}{beside}")


if __name__ == "__main__":
    main()
