"""Numbers keep their kind and their sum."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.reports import notation, states
from buttress.reports.notation import cents_in, round_to_sum, write_share
from buttress.reports.summary import evidence
from buttress.reports.summary import terminal as summary_terminal
from buttress.reports.trace import terminal as trace_terminal

CENTS = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize("module", [notation, states, evidence, summary_terminal, trace_terminal])
def test_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@settings(max_examples=200)
@given(st.lists(CENTS, min_size=1, max_size=12), st.sampled_from([100, 100_000]))
def test_rounded_amounts_add_up_to_the_rounded_total(amounts: list[int], unit: int) -> None:
    rounded = round_to_sum(amounts, unit)
    assert sum(rounded) == cents_in(sum(amounts), unit)
    assert all(abs(r * unit - a) < 2 * unit for r, a in zip(rounded, amounts, strict=True))


@settings(max_examples=100)
@given(st.lists(CENTS, min_size=1, max_size=6), st.integers(-5, 5))
def test_a_stated_total_is_met(amounts: list[int], off: int) -> None:
    total = cents_in(sum(amounts), 100) + off
    assert sum(round_to_sum(amounts, 100, total)) == total


@pytest.mark.parametrize("share", [1e-9, 1 - 1e-9])
def test_what_is_not_certain_is_never_written_as_certain(share: float) -> None:
    assert write_share(share) not in ("0 %", "100 %")
