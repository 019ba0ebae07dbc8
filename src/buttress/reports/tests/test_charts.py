"""Charts are pure, bounded, drawn from inline data only, and say in words what they show."""

import json
from dataclasses import replace

import numpy as np
import pytest

from buttress.core.appetite import limit_at
from buttress.core.posture import Posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.stages import Stage
from buttress.reports.charts.exceedance import (
    HEIGHT,
    POINTS,
    WIDTH,
    ExceedanceView,
    chances_at,
    describe,
    exceedance_spec,
    frame_of,
    loss_at,
)
from buttress.reports.charts.heat_map import HeatMapView, heat_map_spec
from buttress.reports.charts.of_posture import exceedance_of, heat_map_of
from buttress.reports.charts.placement import place_labels
from buttress.reports.charts.render import OutsideDataError, refuse_outside_data, render_png, render_svg


@pytest.fixture(scope="module")
def curve(snapshot: RegisterSnapshot, assessed: Posture) -> ExceedanceView:
    return exceedance_of(snapshot, assessed)


@pytest.fixture(scope="module")
def matrix(snapshot: RegisterSnapshot, assessed: Posture) -> HeatMapView:
    return heat_map_of(snapshot, assessed)


def test_the_curve_passes_through_the_value_at_risk(curve: ExceedanceView, assessed: Posture) -> None:
    law = assessed.portfolio.at(Stage.RESIDUAL)
    for chance in (0.3, 0.05, 0.01):
        assert loss_at(curve.residual, chance) == pytest.approx(law.value_at_risk(1 - chance), rel=0.02)


def test_curves_fall(curve: ExceedanceView) -> None:
    for points in (curve.inherent, curve.residual, curve.target, curve.appetite):
        losses, chances = zip(*points, strict=True)
        assert list(losses) == sorted(losses)
        assert list(chances) == sorted(chances, reverse=True)


def test_the_filled_region_lies_over_appetite(curve: ExceedanceView, snapshot: RegisterSnapshot) -> None:
    assert snapshot.appetite is not None
    region = next(layer for layer in exceedance_spec(curve)["layer"] if layer.get("name") == "over")
    rows = region["data"]["values"]
    assert rows
    for row in rows:
        limit = float(limit_at(snapshot.appetite.curve, np.array(row["loss"])))
        assert row["chance"] == pytest.approx(limit, rel=0.01)
        assert row["residual"] >= row["chance"]


def test_no_line_has_more_points_than_a_drawing_shows(curve: ExceedanceView) -> None:
    lines = [layer for layer in exceedance_spec(curve)["layer"] if layer["mark"]["type"] == "line"]
    assert lines
    assert all(len(layer["data"]["values"]) <= POINTS + 1 for layer in lines)


def test_a_target_on_the_residual_is_named_with_it(curve: ExceedanceView) -> None:
    names = [layer.get("name") for layer in exceedance_spec(curve)["layer"] if layer.get("name")]
    assert "residual and target" in names
    apart = replace(curve, target=tuple((loss, chance / 2) for loss, chance in curve.target))
    names = [layer.get("name") for layer in exceedance_spec(apart)["layer"] if layer.get("name")]
    assert {"residual", "target"} <= set(names)


def test_the_description_says_what_the_drawing_shows(curve: ExceedanceView) -> None:
    over = replace(curve, over=((250_000, 1e6), (2e6, 5e6)))
    assert "above appetite for losses of $250k to $1.00M and $2.00M to $5.00M" in describe(over)
    assert describe(replace(curve, over=())).endswith("Residual lies within appetite.")
    assert describe(replace(curve, over=(), appetite=())).endswith("No appetite is stated.")


def test_without_losses_a_chart_can_still_be_drawn(curve: ExceedanceView) -> None:
    nothing = replace(curve, inherent=(), residual=(), target=(), appetite=(), over=(), one_year_in_20=0.0)
    assert "<svg" in render_svg(exceedance_spec(nothing))


def test_values_and_pixels_are_inverse(curve: ExceedanceView) -> None:
    frame = frame_of(curve)
    assert frame.x_value(frame.x_pixel(3e6)) == pytest.approx(3e6, rel=1e-4)
    assert frame.y_value(frame.y_pixel(0.05)) == pytest.approx(0.05, rel=1e-4)
    assert (frame.x_pixel(frame.low), frame.x_pixel(frame.high)) == (0, WIDTH)
    assert frame.y_pixel(0.001) == pytest.approx(HEIGHT)


def test_interpolation_is_straight_on_both_logarithms() -> None:
    line = ((1e3, 1.0), (1e5, 0.01))
    assert loss_at(line, 0.1) == pytest.approx(1e4)
    assert chances_at(line, [1e4])[0] == pytest.approx(0.1)
    assert np.isnan(chances_at(line, [1e6])[0])


def test_labels_stand_inside_and_apart() -> None:
    xs = np.linspace(0, 700, 80)
    lines = [(f"Line {i}", np.column_stack([xs, 40 + 20 * i + 0.3 * xs])) for i in range(4)]
    placed = place_labels(lines, 700, 400)
    assert [label.text for label in placed] == [name for name, _ in lines]
    for i, one in enumerate(placed):
        assert one.box.left >= 0
        assert one.box.right <= 700
        for other in placed[i + 1 :]:
            apart = (
                one.box.right < other.box.left
                or other.box.right < one.box.left
                or one.box.bottom < other.box.top
                or other.box.bottom < one.box.top
            )
            assert apart


@pytest.mark.parametrize(
    "spec",
    [
        {"data": {"url": "x.csv"}},
        {"layer": [{"mark": {"type": "image"}, "encoding": {"url": {"value": "x"}}}]},
        {"layer": [{"encoding": {"href": {"field": "a"}}}]},
    ],
)
def test_outside_data_is_refused(spec: dict[str, object]) -> None:
    with pytest.raises(OutsideDataError, match="outside data"):
        refuse_outside_data(spec)
    with pytest.raises(OutsideDataError):
        render_svg(spec)


def test_every_risk_stands_in_its_cell(matrix: HeatMapView, assessed: Posture) -> None:
    placed = {ref: (c.likelihood, c.impact) for c in matrix.cells for ref in c.references}
    for risk in assessed.risks:
        if risk.residual:
            assert placed[risk.ref] == (risk.residual.cell.likelihood, risk.residual.cell.impact)
    assert len(placed) == assessed.portfolio.estimated
    assert matrix.not_placed == 1


def test_cells_above_tolerance_are_marked(matrix: HeatMapView) -> None:
    for cell in matrix.cells:
        assert (cell.steps_above > 0) == (cell.rating in ("high", "critical"))


def test_a_full_cell_counts_what_does_not_fit(matrix: HeatMapView) -> None:
    refs = tuple(f"R-{i:03}" for i in range(1, 10))
    crowded = replace(matrix, cells=(replace(matrix.cells[0], references=refs), *matrix.cells[1:]))
    rows = heat_map_spec(crowded)["layer"][0]["data"]["values"]
    assert rows[0]["count"] == 9
    assert rows[0]["lines"] == ["R-001  R-002  R-003", "R-004  R-005  +4"]


def test_equal_charts_give_equal_drawings(curve: ExceedanceView, matrix: HeatMapView) -> None:
    for spec in (exceedance_spec(curve), heat_map_spec(matrix)):
        refuse_outside_data(spec)
        json.dumps(spec, allow_nan=False)
        svg = render_svg(spec)
        assert svg == render_svg(json.loads(json.dumps(spec)))
        assert 'role="img"' in svg
        assert "<title>" in svg
        assert "http://" not in svg.replace("http://www.w3.org/", "")
    assert render_png(exceedance_spec(curve), scale=1).startswith(b"\x89PNG")


def test_an_appetite_that_nobody_approved_is_called_suggested(snapshot: RegisterSnapshot, assessed: Posture) -> None:
    assert snapshot.appetite is not None
    unapproved = replace(snapshot, appetite=replace(snapshot.appetite, approved_by=None))
    for register, is_suggested in ((snapshot, False), (unapproved, True)):
        drawn = exceedance_of(register, assessed)
        assert ("Suggested appetite" in json.dumps(exceedance_spec(drawn))) == is_suggested
        assert ("the suggested appetite" in describe(drawn)) == is_suggested
