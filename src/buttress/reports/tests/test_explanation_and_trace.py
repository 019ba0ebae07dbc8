"""Amounts add up as printed, and a residual can be recomputed from its trace."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from buttress.core.explain import Explanation
from buttress.core.posture import Posture
from buttress.reports.explanation import as_json as explanation_json
from buttress.reports.explanation import terminal as explanation_terminal
from buttress.reports.explanation.view import explanation_view
from buttress.reports.trace import as_json as trace_json
from buttress.reports.trace import terminal as trace_terminal
from buttress.reports.trace.view import trace_view


def printed(renderable: object, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(renderable)
    return out.getvalue()


def test_each_column_of_causes_adds_up(explanation: Explanation) -> None:
    view = explanation_view(explanation)
    for total, name in zip(view.totals, ("mean", "var95", "tvar95"), strict=True):
        assert total.before + sum(getattr(cause, name) for cause in view.causes) == total.after
        assert total.before == pytest.approx(getattr(explanation, f"{name}_before"), abs=2)


def test_parts_add_up_to_each_risk_and_risks_to_the_total(explanation: Explanation) -> None:
    view = explanation_view(explanation)
    for move in view.moves:
        assert sum(amount for _, amount in move.parts) == move.amount
        assert move.before + move.amount == move.after
    assert sum(m.amount for m in view.moves) + view.other_amount == sum(c.mean for c in view.causes)


def test_the_printed_explanation_adds_up(explanation: Explanation) -> None:
    text = printed(explanation_terminal.render(explanation_view(explanation)))
    block = text.split("On 2 Jul 2026")[1].split("VaR 95 %:")[0]
    amount = r"([+−]?[\d,]+)"
    rows = [
        found.groups() for line in block.splitlines() if (found := re.search(rf"{amount} +{amount} +{amount} *$", line))
    ]
    values = [[int(cell.replace(",", "").replace("−", "-")) for cell in row] for row in rows]
    assert len(values) == 5
    for column in zip(*values, strict=True):
        assert sum(column[:-1]) == column[-1]
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100


def test_the_explanation_as_json_keeps_cents(explanation: Explanation) -> None:
    found = explanation_json.document(explanation)
    assert (found["format"], found["version"], found["since"]) == ("buttress.explanation", 1, "2026-07-02")
    assert sum(c["cents"] for c in found["causes"]) == found["mean_cents"]
    assert found["causes"][0]["risks"][0]["risk"] == "R-014"


def test_the_residual_can_be_recomputed_from_its_step(assessed: Posture) -> None:
    view = trace_view(assessed, "R-014")
    step = next(step for step in view.steps if step.title == "Residual")
    inputs = {v.name: float(v.value) for v in step.inputs}
    frequency = inputs["frequency of the estimate"] * inputs["× frequency ratio"]
    event = inputs["primary loss of the estimate"] * inputs["× primary loss ratio"]
    residual = assessed.risk("R-014").residual
    assert residual is not None
    assert frequency * event == pytest.approx(residual.mean)


@pytest.mark.parametrize("width", [100, 80])
def test_every_number_of_a_trace_is_printed_in_full(assessed: Posture, width: int) -> None:
    view = trace_view(assessed, "R-014")
    text = " ".join(printed(trace_terminal.render(view), width).split())
    for step in view.steps:
        for value in (*step.inputs, *step.results):
            if not isinstance(value.value, str):
                assert trace_terminal.write_value(value, view.currency) in text
    assert "…" not in text


def test_causes_that_share_a_step_of_the_tail_stand_in_one_line_and_add_up(explanation: Explanation) -> None:
    first = replace(explanation.causes[0], var95_cents=700, tvar95_cents=700)
    many = tuple(
        replace(first, detail=f"t{i}", cents=4000 if i < 25 else 20, tail_step=min(i, 20)) for i in range(1, 31)
    )
    view = explanation_view(replace(explanation, causes=many, moves=()))
    *alone, together = view.causes
    assert (len(alone), view.count) == (19, 30)
    assert together.text == "11 smaller causes, together"
    assert sum(mean for _, mean in together.parts) == together.mean
    assert sum(line.mean for line in view.causes) == round(sum(c.cents for c in many) / 100)
    assert "5 causes below 1 USD" in printed(explanation_terminal.render(view))


def test_a_risk_without_figures_says_why(assessed: Posture) -> None:
    text = printed(trace_terminal.render(trace_view(assessed, "R-048")))
    assert "No figures: not estimated." in text


def test_an_unknown_risk_raises(assessed: Posture) -> None:
    with pytest.raises(KeyError):
        trace_view(assessed, "R-999")


def test_the_trace_as_json_keeps_full_precision(assessed: Posture) -> None:
    found = trace_json.document(trace_view(assessed, "R-014"))
    residual = assessed.risk("R-014").residual
    assert residual is not None
    stage = next(line for line in found["stages"] if line["stage"] == "residual")
    assert stage["mean"] == residual.mean
