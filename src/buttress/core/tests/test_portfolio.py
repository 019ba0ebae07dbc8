"""Portfolios and their readings: exact laws, properties, edits against rebuilds, simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.annual_loss import AnnualLoss
from buttress.core.exceedance import LossDistribution
from buttress.core.frequency import FrequencyLaw
from buttress.core.magnitude import MagnitudeLaw
from buttress.core.portfolio import Grid, GridTooSmallError, Portfolio, build_portfolio
from buttress.core.risk_quantiles import risk_quantiles
from buttress.core.severity import Capped, ExponentialLaw, Lognormal, PertLaw, PointLoss, SeverityLaw
from buttress.core.simulation import simulated_years, stream

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def drawn_risks(n: int, seed: int) -> list[AnnualLoss]:
    draw = np.random.default_rng(seed)

    def severity(median: float) -> SeverityLaw:
        laws: list[SeverityLaw] = [
            Lognormal(float(np.log(median)), float(draw.uniform(0.5, 1.6))),
            PertLaw(median / 3, median, median * 6),
            ExponentialLaw(median),
            Capped(Lognormal(float(np.log(median)), 1.5), median * 20),
            PointLoss(median),
        ]
        return laws[int(draw.choice(5, p=[0.5, 0.2, 0.1, 0.1, 0.1]))]

    risks = []
    for _ in range(n):
        mean, median = float(10 ** draw.uniform(-2, 0.3)), float(10 ** draw.uniform(4, 6.3))
        secondary = severity(3 * median) if draw.random() < 0.3 else None
        risks.append(
            AnnualLoss(
                FrequencyLaw(mean, float(draw.choice([0.0, 0.4])) * mean**2),
                MagnitudeLaw(severity(median), secondary, float(draw.uniform(0.05, 0.4)) if secondary else 0.0),
            )
        )
    return risks


def figures(law: LossDistribution) -> list[float]:
    return [law.value_at_risk(q) for q in QUANTILES] + [law.tail_value_at_risk(q) for q in QUANTILES]


def test_gamma_frequency_of_exponentials_is_the_geometric_exponential_law() -> None:
    risk = AnnualLoss(FrequencyLaw(0.5, 0.25), MagnitudeLaw(ExponentialLaw(1e5)))
    law = build_portfolio([risk]).distribution()
    assert law.mean == 50_000
    assert law.probability_of_none == pytest.approx(2 / 3)
    assert float(law.exceedance(np.array(3e5))) == pytest.approx(0.04511176, rel=1e-4)
    assert law.value_at_risk(0.95) == pytest.approx(284_567.998, rel=1e-4)
    assert law.value_at_risk(0.99) == pytest.approx(525_983.685, rel=1e-4)
    assert law.tail_value_at_risk(0.95) == pytest.approx(434_568.00, rel=1e-4)
    assert risk_quantiles([risk], (0.6, 0.95, 0.99))[0] == pytest.approx([0, 284_567.998, 525_983.685], rel=1e-4)


def test_poisson_of_lognormals() -> None:
    risk = AnnualLoss(FrequencyLaw(1.0, 0.0), MagnitudeLaw(Lognormal(0.0, 1.0)))
    law = build_portfolio([risk]).distribution()
    assert (law.mean, law.sd**2) == pytest.approx((1.6487213, 7.3890561))
    expected = [0.66172889, 4.5465388, 6.5717857, 12.339350, 24.374119]
    assert [law.value_at_risk(q) for q in QUANTILES] == pytest.approx(expected, rel=5e-4)
    assert law.tail_value_at_risk(0.99) == pytest.approx(17.485605, rel=5e-4)
    assert risk_quantiles([risk], QUANTILES)[0] == pytest.approx(expected, rel=5e-4)


def test_means_and_variances_of_independent_risks_add() -> None:
    risks = drawn_risks(12, 3)
    law = build_portfolio(risks).distribution()
    assert law.mean == pytest.approx(sum(risk.mean for risk in risks))
    assert law.sd**2 == pytest.approx(sum(risk.variance for risk in risks))
    assert law.probability_of_none == pytest.approx(np.prod([risk.probability_of_none for risk in risks]))
    # The highest lattice keeps the mean of what lies on it; the rest of the mean lies above.
    lattice = law.lattices[-1]
    on_it = float(lattice.pmf @ (lattice.step * np.arange(len(lattice.pmf))))
    assert on_it == pytest.approx(law.mean, rel=5e-3)
    assert on_it < law.mean


def test_splitting_a_poisson_risk_in_two_halves_leaves_the_portfolio() -> None:
    magnitude = MagnitudeLaw(Lognormal(8.0, 1.0), PertLaw(0.0, 1e4, 1e5), 0.2)
    whole = build_portfolio([AnnualLoss(FrequencyLaw(3.0, 0.0), magnitude)])
    halves = build_portfolio([AnnualLoss(FrequencyLaw(1.5, 0.0), magnitude)] * 2)
    assert figures(halves.distribution()) == pytest.approx(figures(whole.distribution()), rel=1e-9)


@pytest.mark.parametrize(("factor", "tolerance"), [(2.0, 1e-9), (0.25, 1e-9), (7.3, 5e-4)])
def test_scaling_money_scales_value_at_risk(factor: float, tolerance: float) -> None:
    risks = drawn_risks(15, 5)
    scaled = [AnnualLoss(risk.frequency, risk.magnitude.scaled(factor, factor)) for risk in risks]
    before, after = figures(build_portfolio(risks).distribution()), figures(build_portfolio(scaled).distribution())
    assert after == pytest.approx([factor * figure for figure in before], rel=tolerance)
    assert risk_quantiles(scaled) == pytest.approx(factor * risk_quantiles(risks), rel=1e-6)


def test_frequency_and_magnitude_controls_of_one_share_give_one_mean_and_two_tails() -> None:
    risk = AnnualLoss(FrequencyLaw(2.0, 0.5), MagnitudeLaw(Lognormal(10.0, 1.2)))
    rarer = build_portfolio([AnnualLoss(risk.frequency.scaled(0.3, 0.09), risk.magnitude)]).distribution()
    smaller = build_portfolio([AnnualLoss(risk.frequency, risk.magnitude.scaled(0.3, 0.3))]).distribution()
    assert rarer.mean == pytest.approx(smaller.mean)
    assert rarer.value_at_risk(0.99) > 1.3 * smaller.value_at_risk(0.99)


def test_lattice_agrees_with_one_eight_times_finer() -> None:
    risks = drawn_risks(80, 7)
    coarse, fine = build_portfolio(risks).distribution(), build_portfolio(risks, size=32_768).distribution()
    assert figures(coarse) == pytest.approx(figures(fine), rel=1e-3)


@given(seed=st.integers(0, 10_000), n_old=st.integers(0, 6), n_new=st.integers(0, 6))
@settings(max_examples=15, deadline=None)
def test_an_edit_agrees_with_a_rebuild(seed: int, n_old: int, n_new: int) -> None:
    risks, new = drawn_risks(25, seed), drawn_risks(n_new, seed + 1)
    edited = build_portfolio(risks, size=1024).requantified(risks[:n_old], new)
    rebuilt = build_portfolio([*risks[n_old:], *new], size=1024)
    assert edited.grid == rebuilt.grid
    assert edited.losses == rebuilt.losses
    first, second = edited.distribution(), rebuilt.distribution()
    assert (first.mean, first.sd, first.probability_of_none) == pytest.approx(
        (second.mean, second.sd, second.probability_of_none), rel=1e-12
    )
    assert figures(first) == pytest.approx(figures(second), rel=1e-9)
    x = np.geomspace(1e3, 1e9, 50)
    assert first.exceedance(x) == pytest.approx(second.exceedance(x), rel=1e-9, abs=1e-10)


def test_an_edit_there_and_back_leaves_the_figures() -> None:
    risks = drawn_risks(30, 11)
    giant = AnnualLoss(FrequencyLaw(0.5, 0.0), MagnitudeLaw(Lognormal(19.0, 1.0)))
    before = build_portfolio(risks)
    after = before.requantified([], [giant]).requantified([giant], [])
    assert figures(after.distribution()) == pytest.approx(figures(before.distribution()), rel=1e-9)


def test_what_does_not_fit_the_lattice_is_refused_and_rebuilt() -> None:
    risks = drawn_risks(10, 13)
    portfolio = build_portfolio(risks)
    giant = AnnualLoss(FrequencyLaw(0.5, 0.0), MagnitudeLaw(Lognormal(19.0, 1.0)))
    with pytest.raises(GridTooSmallError, match="too low"):
        portfolio.replaced([], [giant])
    assert portfolio.requantified([], [giant]).grid.step > portfolio.grid.step
    with pytest.raises(GridTooSmallError, match="too low"):
        build_portfolio(risks, grid=Grid(1.0, 4096))


def test_a_fall_in_frequency_beyond_the_margin_is_refused_and_rebuilt() -> None:
    busy = [AnnualLoss(FrequencyLaw(40.0, 0.0), MagnitudeLaw(Lognormal(8.0, 1.0)))] * 4
    rare = AnnualLoss(FrequencyLaw(0.05, 0.0), MagnitudeLaw(Lognormal(13.0, 0.5)))
    portfolio = build_portfolio([*busy, rare])
    assert len(portfolio.layers[0].log_transform) < portfolio.grid.frequencies
    with pytest.raises(GridTooSmallError, match="frequencies kept"):
        portfolio.replaced(busy, [])
    assert figures(portfolio.requantified(busy, []).distribution()) == pytest.approx(
        figures(build_portfolio([rare]).distribution()), rel=1e-9
    )


def test_a_smaller_portfolio_keeps_its_lattice_for_what_ifs() -> None:
    risks = drawn_risks(10, 17)
    portfolio = build_portfolio(risks)
    assert portfolio.replaced(risks[:9], []).grid == portfolio.grid


def test_a_loss_that_is_not_in_the_portfolio_cannot_be_taken_out() -> None:
    one, other = drawn_risks(2, 19)
    with pytest.raises(ValueError, match="not part of the portfolio"):
        build_portfolio([one]).replaced([other], [])
    with pytest.raises(ValueError, match="not part of the portfolio"):
        build_portfolio([one]).replaced([one, one], [])


def test_equal_losses_are_taken_out_one_at_a_time() -> None:
    (one,) = drawn_risks(1, 23)
    assert build_portfolio([one] * 3).replaced([one, one], []).losses == (one,)


IMPOSSIBLE = AnnualLoss(FrequencyLaw(0.0, 0.0), MagnitudeLaw(Lognormal(10.0, 1.0), PointLoss(5.0), 0.5))
FREE = AnnualLoss(FrequencyLaw(2.0, 1.0), MagnitudeLaw(PointLoss(0.0)))


@pytest.mark.parametrize(
    "losses", [[], [IMPOSSIBLE], [FREE], [IMPOSSIBLE, FREE]], ids=["none", "never", "free", "both"]
)
def test_where_nothing_can_be_lost_all_figures_are_zero(losses: list[AnnualLoss]) -> None:
    portfolio = build_portfolio(losses)
    law = portfolio.distribution()
    assert (law.mean, law.sd, *figures(law)) == (0,) * 12
    assert law.exceedance(np.array([1.0, 1e9])) == pytest.approx([0, 0], abs=1e-12)
    assert len(law.curve().losses) == 0
    assert risk_quantiles(losses).tolist() == [[0.0] * 5] * len(losses)
    (risk,) = drawn_risks(1, 29)
    added = portfolio.requantified([], [risk])
    assert figures(added.distribution()) == pytest.approx(figures(build_portfolio([risk]).distribution()), rel=1e-9)
    emptied = added.requantified([risk], [])
    assert figures(emptied.distribution()) == [0.0] * 10


def test_an_impossible_risk_changes_nothing_beside_others() -> None:
    risks = drawn_risks(5, 31)
    with_it = build_portfolio([*risks, IMPOSSIBLE]).distribution()
    assert figures(with_it) == pytest.approx(figures(build_portfolio(risks).distribution()), rel=1e-12)
    assert risk_quantiles([*risks, IMPOSSIBLE])[-1].tolist() == [0.0] * 5


@given(seed=st.integers(0, 10_000), n=st.integers(1, 30))
@settings(max_examples=15, deadline=None)
def test_the_exceedance_curve_is_monotone_on_and_beyond_the_lattice(seed: int, n: int) -> None:
    law = build_portfolio(drawn_risks(n, seed), size=1024).distribution()
    x = np.concatenate([np.linspace(0, 1.2 * law.top, 3000), np.geomspace(1.2 * law.top, 1e3 * law.top, 200)])
    chance = law.exceedance(x)
    assert (np.diff(chance) <= 0).all()
    assert ((chance >= 0) & (chance <= 1)).all()
    assert chance[0] == pytest.approx(1 - law.probability_of_none)
    curve = law.curve(50)
    assert (np.diff(curve.probabilities) <= 0).all()
    assert (np.diff(curve.losses) > 0).all()


@pytest.mark.parametrize("q", [0.3, 0.7, 0.95, 0.999, 0.99999, 0.9999999])
def test_value_at_risk_inverts_the_curve_also_beyond_the_lattice(q: float) -> None:
    law = build_portfolio(drawn_risks(20, 37)).distribution()
    assert float(law.exceedance(np.array(law.value_at_risk(q)))) == pytest.approx(1 - q, rel=1e-6)


def test_the_far_tail_is_that_of_one_big_loss() -> None:
    risk = AnnualLoss(FrequencyLaw(0.2, 0.0), MagnitudeLaw(Lognormal(0.0, 1.5)))
    near, far = build_portfolio([risk]).distribution(), build_portfolio([risk], size=65_536)
    fine = build_portfolio([risk], grid=Grid(far.grid.step, 2**19)).distribution()
    x = near.top * np.array([1.5, 3.0, 8.0])
    assert near.exceedance(x) == pytest.approx(fine.exceedance(x), rel=0.05)


def test_tail_beyond_the_lattice_is_refused_not_guessed() -> None:
    law = build_portfolio(drawn_risks(3, 41)).distribution()
    with pytest.raises(ValueError, match="lies above the lattice"):
        law.tail_value_at_risk(0.999999)
    with pytest.raises(ValueError, match="outside 0 <= q < 1"):
        law.value_at_risk(1.0)


def test_quantiles_of_single_risks_agree_with_finer_lattices() -> None:
    risks = drawn_risks(300, 43)
    coarse, fine = risk_quantiles(risks), risk_quantiles(risks, size=8192)
    assert ((coarse == 0) == (fine == 0)).all()
    error = np.abs(coarse / np.where(fine > 0, fine, 1.0) - 1.0) * (fine > 0)
    assert np.quantile(error, 0.98) < 1e-3
    # Sums of lumps (certain and capped amounts) fall between buckets on any lattice.
    assert error.max() < 2e-2


@pytest.mark.parametrize("beside", [0, 20])
def test_a_risk_that_spans_many_powers_of_ten_does_not_blur_the_others(beside: int) -> None:
    wide = AnnualLoss(FrequencyLaw(0.2, 0.02), MagnitudeLaw(Lognormal(11.5, 3.0)))
    risks = [*drawn_risks(beside, 67), wide]
    portfolio = build_portfolio(risks)
    assert len(portfolio.layers) > 1
    fine = build_portfolio(risks, size=32_768).distribution()
    assert figures(portfolio.distribution()) == pytest.approx(figures(fine), rel=1e-3)
    assert risk_quantiles(risks)[-1] == pytest.approx(risk_quantiles(risks, size=16_384)[-1], rel=1e-3)


def test_quantile_just_above_the_chance_of_no_event_is_a_small_loss() -> None:
    # One event in ten years, so the 91st percentile of years is near the 6th of one event's loss.
    risk = AnnualLoss(FrequencyLaw(0.1, 0.0), MagnitudeLaw(Lognormal(12.0, 1.7)))
    share = (0.91 - risk.probability_of_none) / risk.probability_of_one
    assert risk_quantiles([risk], (0.91,))[0, 0] == pytest.approx(risk.magnitude.quantile(share), rel=2e-3)


def test_secondary_loss_alone_is_quantified_like_a_rarer_risk() -> None:
    claims = AnnualLoss(FrequencyLaw(2.0, 1.0), MagnitudeLaw(PointLoss(0.0), Lognormal(9.0, 1.0), 0.1))
    rarer = AnnualLoss(FrequencyLaw(0.2, 0.01), MagnitudeLaw(Lognormal(9.0, 1.0)))
    assert risk_quantiles([claims]) == pytest.approx(risk_quantiles([rarer]), rel=5e-3)
    assert figures(build_portfolio([claims]).distribution()) == pytest.approx(
        figures(build_portfolio([rarer]).distribution()), rel=1e-9
    )


def test_risk_quantiles_refuse_what_their_lattice_does_not_reach() -> None:
    with pytest.raises(ValueError, match="outside"):
        risk_quantiles(drawn_risks(1, 1), (0.99999,))


@pytest.mark.parametrize("seed", [47, 53])
def test_transform_lies_within_four_standard_errors_of_simulation(seed: int) -> None:
    risks, years = drawn_risks(12, seed), 40_000
    law = build_portfolio(risks).distribution()
    drawn = simulated_years(risks, years, [stream(seed, f"R-{i}") for i in range(len(risks))])
    assert abs(drawn.mean() - law.mean) < 4 * law.sd / np.sqrt(years)
    for q in (0.1, 0.5, 0.9, 0.95, 0.99, 0.999):
        at_risk = law.value_at_risk(q)
        if at_risk > 0:
            assert abs((drawn > at_risk).mean() - (1 - q)) < 4 * np.sqrt(q * (1 - q) / years)


def test_editing_one_risk_leaves_the_simulated_years_of_the_others() -> None:
    one, two, other = drawn_risks(3, 59)
    seeds = [stream(1, "R-001"), stream(1, "R-002")]
    both, edited = simulated_years([one, two], 500, seeds), simulated_years([other, two], 500, seeds)
    alone, new = simulated_years([one], 500, seeds[:1]), simulated_years([other], 500, seeds[:1])
    assert both - alone == pytest.approx(edited - new, abs=1e-3)


def test_equal_inputs_give_equal_bytes() -> None:
    def build() -> Portfolio:
        return build_portfolio(drawn_risks(40, 61))

    for one, other in zip(build().layers, build().layers, strict=True):
        assert one.log_transform.tobytes() == other.log_transform.tobytes()
    assert figures(build().distribution()) == figures(build().distribution())


def capped_risks() -> list[AnnualLoss]:
    """Losses whose cap lies within what one year can cost: two capped events pass any single one."""
    heavy = Capped(Lognormal(14.5, 1.5), 3e7)
    return [
        AnnualLoss(FrequencyLaw(0.7, 0.2), MagnitudeLaw(heavy, Capped(Lognormal(13.5, 1.5), 1e7), 0.1)),
        AnnualLoss(FrequencyLaw(2.0, 0.5), MagnitudeLaw(Lognormal(10.0, 1.0))),
    ]


def test_the_lattice_reaches_above_what_caps_make_the_largest_single_loss() -> None:
    law = build_portfolio(capped_risks()).distribution()
    wide = build_portfolio(capped_risks(), size=65_536, grid=Grid(2.0**13, 65_536)).distribution()
    assert wide.top > 5e8
    assert law.floors[-1] < 2e-4
    assert figures(law) == pytest.approx(figures(wide), rel=1e-3)


def test_capped_risks_agree_with_simulated_years() -> None:
    risks = capped_risks()
    years = simulated_years(risks, 400_000, [stream(5, str(i)) for i in range(len(risks))])

    law = build_portfolio(risks).distribution()
    for x in (1e7, 3e7, 4e7, 6e7):
        expected = float(law.exceedance(np.array([x]))[0])
        error = (expected * (1 - expected) / len(years)) ** 0.5
        assert float((years > x).mean()) == pytest.approx(expected, abs=4 * error + 1e-6)


@pytest.mark.parametrize("seed", [204, 759, 982, 1298])
def test_an_edit_of_capped_risks_agrees_with_a_rebuild(seed: int) -> None:
    risks = drawn_risks(25, seed)
    edited = build_portfolio(risks, size=1024).requantified(risks[:6], risks[6:8])
    rebuilt = build_portfolio([*risks[6:], *risks[6:8]], size=1024)
    assert edited.grid == rebuilt.grid
    assert figures(edited.distribution()) == pytest.approx(figures(rebuilt.distribution()), rel=1e-9)


@pytest.mark.parametrize("events", [0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("cap", [1.6e5, 3.7e5, 1.2e6])
def test_quantiles_of_a_capped_risk_reach_beyond_its_cap(events: float, cap: float) -> None:
    magnitude = MagnitudeLaw(Capped(Lognormal(11.5, 1.0), cap), Capped(Lognormal(12.6, 1.5), 1e6), 0.2)
    risk = AnnualLoss(FrequencyLaw(events, 0.3 * events**2), magnitude)
    own = risk_quantiles([risk], QUANTILES)[0]
    law = build_portfolio([risk], size=65_536).distribution()
    assert own.tolist() == pytest.approx([law.value_at_risk(q) for q in QUANTILES], rel=3e-3)
