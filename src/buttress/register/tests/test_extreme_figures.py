"""What the schema lets through has figures: estimates, caps, rates and scales at their ends give a posture."""

from datetime import date
from pathlib import Path

import pytest

from buttress.core.posture import posture
from buttress.formats.problems import ProblemsError
from buttress.register.files.reader import read_register
from buttress.register.snapshot import build_snapshot
from buttress.register.tests.folders import changed

FREQUENCY, LOSS = "{yearly_probability: 0.3}", "{p50: 180000, p90: 1400000}"
TINY, MOST = f"0.{'0' * 13}1", str(10**15)

FREQUENCIES = (
    f"{{low: {TINY}, high: 1000000}}",
    f"{{low: {TINY}, high: 1000000, law: gamma}}",
    "{low: 1, high: 1.000002}",
    "{low: 1, high: 1.0021, law: gamma}",
    "{low: 0, likely: 0, high: 1000000}",
    "{per_year: 1000000}",
    "{once_in_years: 0.000001}",
    "{once_in_years: 1000000}",
    "{yearly_probability: 0.9999999999999999}",
)
LOSSES = (
    f"{{low: 0.00001, high: {MOST}}}",
    "{low: 999998000000000, high: 1000000000000000}",
    f"{{p50: {10**7}, p90: {MOST}}}",
    f"{{low: 0, likely: 0, high: {MOST}}}",
    f"{{amount: {MOST}}}",
    f"{{amount: {TINY}}}",
)


SECURITY, ORGANISATION = "risks/security.yaml", "organisation.yaml"
FAR = f"0.{'0' * 17}1"

OUT_OF_REACH = (
    # edit; end of the field that is named; words of the message
    (SECURITY, FREQUENCY, f"{{low: {FAR}, high: 1000000}}", "frequency.high", "at most 1e+20 times low"),
    (SECURITY, FREQUENCY, "{low: 0.1, high: 0.1000000001}", "frequency.high", "at least 1.000001 times low"),
    (SECURITY, FREQUENCY, "{low: 1, high: 1.001, law: gamma}", "frequency.high", "at least 1.002 times low"),
    (SECURITY, FREQUENCY, f"{{once_in_years: {FAR}}}", "frequency.once_in_years", "from 1e-06 to 1e+06"),
    (SECURITY, LOSS, f"{{low: {FAR}, high: 1000000}}", "loss.high", "at most 1e+20 times low"),
    (SECURITY, LOSS, "{low: 999999999999999, high: 1000000000000000}", "loss.high", "at least 1.000001 times low"),
    (SECURITY, LOSS, "{p50: 0.01, p90: 10000000}", "loss.p90", "at most 1e+08 times p50"),
    (
        ORGANISATION,
        "low: 0.001, high: 0.1}",
        "low: 0.09999, high: 0.1}",
        "scales[1].likelihood[0].high",
        "at least 1.002 times low",
    ),
)


@pytest.mark.parametrize(("file", "old", "new", "field", "words"), OUT_OF_REACH)
def test_a_range_that_has_no_law_is_refused_where_it_stands(
    tmp_path: Path, file: str, old: str, new: str, field: str, words: str
) -> None:
    folder = changed(tmp_path, (file, old, new))
    with pytest.raises(ProblemsError) as error:
        read_register(folder)
    (found,) = error.value.problems
    content = (folder / file).read_text()
    line = content[: content.index(new)].count("\n") + 1
    assert (found.file, found.line, words in found.expected) == (file, line, True)
    assert found.field.endswith(field)


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_estimate_that_reads_has_a_posture(tmp_path: Path, frequency: str, loss: str) -> None:
    secondary = f"secondary: {{probability: {TINY}, loss: {loss}}}"
    folder = changed(
        tmp_path,
        ("risks/security.yaml", FREQUENCY, frequency),
        ("risks/security.yaml", f"loss: {LOSS}\n", f"loss: {loss}\n        cap: 0.01\n        {secondary}\n"),
    )
    found = posture(build_snapshot(read_register(folder), date(2026, 8, 15)))
    assert "R-001" in {risk.ref for risk in found.risks}
