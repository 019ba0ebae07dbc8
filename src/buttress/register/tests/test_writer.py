"""What the canonical writer writes reads back equal, here and in other readers, and is the same bytes each time."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.formats.problems import ProblemsError
from buttress.formats.strict_yaml import read_yaml
from buttress.register.files.reader import read_register
from buttress.register.files.register import Register
from buttress.register.files.writer import to_yaml, write_folder
from buttress.register.tests.folders import SAMPLE

TRAPS = ["no", "NO", "y", "on", "Off", "null", "Null", "~", "true", "TRUE", "1:30", "0777", "1_000", "1e3", ".inf", "-.INF",
         ".nan", "2024-01-01", "0x1F", "0o17", "12", "-1", "+1", "1.5", "<<", "=", "", " ", " a", "a ", "a: b", "a #b",
         "#a", "- a", "-", "?", "? a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "a\nb", "a\n\nb", "a\n",
         "\na", "a\n b", "a \nb", "[a]", "{a}", "a, b", "a]", "a:", ":a", "a:b", "---", "...", "\\", "é", "a\tb",
         "\ufeff", "\U0001f600", "\ue000", "- a\n- b", "null\nnull", "CC6.1", "R-014", "50 %",
         "word " * 60, "word " * 60 + "word", "x" * 300, "a  b " * 50 + "c"]  # fmt: skip

DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that reorder a line, which no register may hold."""

texts = st.one_of(
    st.sampled_from(TRAPS),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=DIRECTIONS), max_size=12),
    st.text(st.sampled_from("ab:# -?&*!|>'\"%@`{}[],\n\\~é"), max_size=12),
    st.lists(st.sampled_from(["the", "quick", "risk:", "#", "owner's", "2026-01-01", "-"]), max_size=60).map(" ".join),
)
scalars = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4),
    max_leaves=12,
)


def as_texts(value: Any) -> Any:
    """What the strict reader gives for a written value."""
    if isinstance(value, Mapping):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value if value is None or isinstance(value, str) else str(value)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_any_record_reads_back_equal(record: dict[str, Any]) -> None:
    text = to_yaml({"things": {"T-1": record}})
    assert read_yaml(text, file="f.yaml").value == {"things": {"T-1": as_texts(record)}}


@pytest.mark.parametrize("text", TRAPS, ids=lambda text: repr(text)[:20])
def test_texts_stay_texts_in_another_reader(text: str) -> None:
    record = {"value": text, "list": [text, {"b": text}], "keys": {text or "k": "v"}}
    assert yaml.safe_load(to_yaml({"things": {"T-1": record}})) == {"things": {"T-1": record}}


def test_numbers_dates_and_truth_values_are_typed_in_another_reader() -> None:
    record = {"on": date(2026, 1, 2), "share": Decimal("0.050"), "count": 3, "large": 1.5e9, "is": True, "none": None}
    loaded = yaml.safe_load(to_yaml({"things": {"T-1": record}}))["things"]["T-1"]
    assert loaded == {
        "on": date(2026, 1, 2), "share": 0.05, "count": 3, "large": 1_500_000_000, "is": True, "none": None
    }  # fmt: skip


def test_fields_stand_in_the_order_of_the_schema_and_references_in_natural_order() -> None:
    statement = {"event": "e", "consequence": "c", "cause": "b"}
    frequency = {"high": Decimal("1.0"), "low": Decimal("0.1")}
    assessment = {"loss": {"p90": 900000, "p50": 100000}, "frequency": frequency, "effective_on": date(2026, 1, 20)}
    text = to_yaml(
        {
            "risks": {
                "R-10": {"owner": "no", "statement": statement, "title": "Ten"},
                "R-9": {"assessments": [assessment], "title": "Nine\nlives", "categories": ["security", "privacy"]},
            },
            "persons": {"no": {"name": "Nora: the first"}},
        }
    )
    assert text == (
        "persons:\n"
        '  "no":\n'
        '    name: "Nora: the first"\n'
        "\n"
        "risks:\n"
        "  R-9:\n"
        "    title: |-\n"
        "      Nine\n"
        "      lives\n"
        "    categories: [security, privacy]\n"
        "    assessments:\n"
        "      - effective_on: 2026-01-20\n"
        "        frequency: {low: 0.1, high: 1}\n"
        "        loss: {p50: 100000, p90: 900000}\n"
        "  R-10:\n"
        "    title: Ten\n"
        "    statement: {cause: b, event: e, consequence: c}\n"
        '    owner: "no"\n'
    )


def test_long_texts_are_folded_and_no_line_is_wider_than_a_page() -> None:
    text = to_yaml({"controls": {"C-1": {"description": "word " * 100 + "end", "criteria": ["CC6.1"] * 40}}})
    assert max(len(line) for line in text.splitlines()) <= 110
    assert "description: >-\n" in text


@pytest.mark.parametrize(
    "value",
    [
        "a\0",
        "\x1b[0m",
        "\x85",
        "a\r\nb",
        "\u2028",
        "a\u202eb",
        "\ud800",
        float("nan"),
        Decimal("Infinity"),
        object(),
        b"x",
    ],
)
def test_what_no_register_can_hold_is_not_written(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        to_yaml({"things": {"T-1": {"a": value}}})


def records_of(register: Register) -> dict[str, dict[str, Any]]:
    """Every record as the sample's files state it, organisation apart."""
    content: dict[str, dict[str, Any]] = {}
    for (kind, ref), place in register.places.items():
        if kind != "organisation":
            content.setdefault(kind, {})[ref] = place.value
    return content


def test_the_sample_written_anew_is_the_same_register_and_the_same_bytes_again(tmp_path: Path) -> None:
    register = read_register(SAMPLE)
    organisation = {"organisation": register.place("organisation").value}
    files = {"organisation.yaml": organisation, "all/records.yaml": records_of(register)}
    documents = {
        path.relative_to(SAMPLE).as_posix(): path.read_bytes()
        for path in SAMPLE.glob("evidence/**/*")
        if path.is_file()
    }
    for name in ("first", "second"):
        write_folder(tmp_path / name, files, others=documents, head="# Harbourline\n")
    again = read_register(tmp_path / "first")
    assert (again.organisation, again.risks, again.controls) == (
        register.organisation,
        register.risks,
        register.controls,
    )
    for kind in ("persons", "objectives", "assets", "vendors", "threats", "changes", "incidents", "rounds"):
        assert again.of_kind(kind) == register.of_kind(kind)
    for kind in ("datasets", "control_tests", "manual_tests", "exceptions"):
        assert again.of_kind(kind) == register.of_kind(kind)
    for name in ("organisation.yaml", "all/records.yaml"):
        first = (tmp_path / "first" / name).read_bytes()
        assert first.startswith(b"# Harbourline\n")
        assert first == (tmp_path / "second" / name).read_bytes()


def test_an_empty_folder_is_filled_and_a_full_one_is_refused_untouched(tmp_path: Path) -> None:
    target = tmp_path / "register"
    target.mkdir()
    write_folder(target, {"people.yaml": {"persons": {"ada": {"name": "Ada"}}}})
    assert [path.name for path in target.iterdir()] == ["people.yaml"]
    with pytest.raises(ProblemsError, match="found a folder with files; expected a new or empty folder"):
        write_folder(target, {"other.yaml": {}})
    assert [path.name for path in target.iterdir()] == ["people.yaml"]
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProblemsError, match="found a file or link"):
        write_folder(tmp_path / "link", {})


@pytest.mark.parametrize("name", ["../x.yaml", "/tmp/x.yaml", "a/../../x.yaml"])
def test_nothing_is_written_outside_of_the_folder_or_left_behind(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProblemsError):
        write_folder(tmp_path / "new", {name: {}})
    with pytest.raises(ValueError, match="no number"):
        write_folder(tmp_path / "new", {"a.yaml": {"things": {"T": {"a": float("inf")}}}})
    assert list(tmp_path.iterdir()) == []
