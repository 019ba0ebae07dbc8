"""Proposals are made of what is known, say what they guessed, and never pass a value off as another."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.data.date_forms import DateForm
from buttress.evidence.data.tables import Column, ColumnType
from buttress.evidence.mapping.file_names import named_for
from buttress.evidence.mapping.headings import is_same, likeness
from buttress.evidence.mapping.matching import Confidence
from buttress.evidence.mapping.proposal import Proposal, Wish, propose
from buttress.evidence.mapping.readings import Known, Reading, reading_of
from buttress.evidence.mapping.sample import Sample
from buttress.evidence.mapping.sampling import sample_of
from buttress.evidence.mapping.undecided import served_by
from buttress.formats.problems import ProblemsError

NOTHING = Known()
ANYTHING = Wish()
STATUS = Column("status", ColumnType.TEXT, True, values=("active", "suspended", "disabled"))
FLAG = Column("mfa", ColumnType.BOOLEAN)
TIME = Column("started_at", ColumnType.TIMESTAMP)


def read(column: Column, texts: Sequence[str], known: Known = NOTHING) -> Reading:
    return reading_of(column, texts, known)


def proposed(headings: str, *rows: str, file: str = "x-2026-09-30.csv", wish: Wish = ANYTHING) -> Proposal:
    texts = [[cell or None for cell in row.split(",")] for row in rows]
    return propose(Sample(file, "csv", tuple(headings.split(",")), texts, encoding="UTF-8"), wish)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Employee #", "employee", True),
        ("lastLoginTime", "Last login time", True),
        ("hire_date", "Hire Date", True),
        ("start date", "end date", False),
    ],
)
def test_headings_are_compared_by_their_words(one: str, other: str, same: bool) -> None:
    assert is_same(one, other) is same


def test_words_that_every_heading_has_make_nothing_alike() -> None:
    assert likeness("Date of birth", ["hire date"]) == 0.0
    assert likeness("Date of hire (local)", ["hire date"]) > 0.4


def test_values_that_are_as_in_the_schema_need_no_map() -> None:
    assert read(STATUS, ["active", "disabled"]).map is None
    assert read(FLAG, ["true", "False"]).map is None


def test_words_are_translated_and_an_unknown_one_becomes_nothing_with_a_doubt() -> None:
    known = Known(spellings={"disabled": ["deprovisioned"]})
    found = read(STATUS, ["Active", "DEPROVISIONED", "SUSPENDED", "Purgatory"], known)
    assert found.map == {"Active": "active", "DEPROVISIONED": "disabled", "SUSPENDED": "suspended"}
    assert found.empty == ("Purgatory",)
    assert "'Purgatory'" in found.doubts[0]


def test_an_unknown_word_stays_unread_where_every_row_must_say_something() -> None:
    needed = Column("status", ColumnType.TEXT, False, values=("active", "ended"))
    assert read(needed, ["Active", "Purgatory"]).unread == ("Purgatory",)


def test_an_exports_own_map_comes_whole_and_without_what_its_rest_says_anyway() -> None:
    found = read(FLAG, ["0", "2"], Known({"0": "false", "*": "true"}))
    assert (found.map, found.unread) == ({"0": "false", "*": "true"}, ())


def test_numbers_for_a_flag_are_read_as_none_or_some_with_a_doubt() -> None:
    found = read(FLAG, ["0", "3"])
    assert found.map == {"0": "false", "*": "true"}
    assert found.doubts


def test_words_for_nothing_are_named() -> None:
    found = read(TIME, ["2026-01-01T00:00:00Z", "N/A", "never"])
    assert (found.empty, found.unread) == (("N/A", "never"), ())


def test_text_keeps_what_might_be_a_word_for_nothing() -> None:
    assert read(Column("name", ColumnType.TEXT), ["Never", "Unknown"]).empty == ()


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2026-01-31T08:00:00Z"], None),
        (["31/01/2026", "01/02/2026"], DateForm.DAY_MONTH_YEAR),
        (["01/31/2026", "01/02/2026"], DateForm.MONTH_DAY_YEAR),
        (["01.02.2026"], DateForm.DAY_MONTH_YEAR),
        (["31 Jan 2026"], DateForm.MONTH_BY_NAME),
        (["1798675200"], DateForm.EPOCH_SECONDS),
        (["1798675200000"], DateForm.EPOCH_MILLISECONDS),
    ],
)
def test_the_form_of_dates_is_the_one_that_reads_them_all(texts: list[str], form: DateForm | None) -> None:
    found = read(TIME, texts)
    assert (found.date_form, found.unread, found.doubts) == (form, (), ())


def test_day_and_month_that_may_be_either_are_a_doubt() -> None:
    assert read(TIME, ["01/02/2026", "03/04/2026"]).date_form is DateForm.DAY_MONTH_YEAR
    assert read(TIME, ["01/02/2026", "03/04/2026"]).doubts
    assert read(TIME, ["1/2/2026 5:00 PM"]).date_form is DateForm.MONTH_DAY_YEAR


def test_times_without_zone_and_days_without_time_are_told_apart() -> None:
    assert read(TIME, ["2026-01-01 08:00"]).needs_zone
    assert not read(TIME, ["2026-01-01 08:00+02:00"]).needs_zone
    assert read(TIME, ["2026-01-01"]).date_as == "start_of_day"
    assert read(Column("ended_at", ColumnType.TIMESTAMP), ["2026-01-01"]).date_as == "end_of_day"


def test_tiers_with_a_word_before_their_number_are_read_by_it() -> None:
    found = read(Column("tier", ColumnType.INTEGER), ["Tier 1", "Tier 2"])
    assert found.map == {"Tier 1": "1", "Tier 2": "2"}
    assert found.doubts


@pytest.mark.parametrize(
    ("name", "glob", "pattern"),
    [
        ("okta-2026-09-30.csv", "okta-20*.csv", "okta-(?P<date>[0-9-]+)"),
        ("20260930.csv", "20*.csv", "(?P<date>[0-9]{8})"),
        ("a-2026-09-30-final.csv", "a-20*-final.csv", "a-(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"),
        ("a[1] 20260930.csv", "a?1? 20*.csv", " (?P<date>[0-9-]+)"),
        ("users.csv", "users.csv", None),
        ("2026-01-01-to-2026-06-30.csv", "2026-01-01-to-2026-06-30.csv", None),
    ],
)
def test_a_files_name_gives_its_date_and_its_successors(name: str, glob: str, pattern: str | None) -> None:
    assert (named_for(name).glob, named_for(name).pattern) == (glob, pattern)


def test_the_same_name_is_certain_a_usual_one_likely_and_one_that_is_alike_guessed() -> None:
    found = proposed("Employee ID,Type of worker,Status,Hire date", "E1,Internal,Active,2024-01-31")
    by_name = {match.column.name: match.confidence for match in found.matches}
    assert found.dataset == "hr_workers"
    assert by_name == {
        "worker_id": Confidence.LIKELY,
        "kind": Confidence.GUESSED,
        "status": Confidence.CERTAIN,
        "started_at": Confidence.LIKELY,
    }
    assert any("'Type of worker'" in guess for guess in found.guesses)


def test_a_product_is_known_by_a_heading_of_its_own_or_by_name_and_never_by_those_that_all_have() -> None:
    headings, row = "User ID,Email,Status", "u1,a@x.example,Member"
    assert proposed(headings, row, wish=Wish(schema="app_accounts")).product is None
    named = proposed(headings, row, wish=Wish(schema="app_accounts"), file="slack-members-2026-09-30.csv")
    assert named.product is not None
    assert named.stated == {"system": "slack", "kind": "human"}
    report = proposed(
        "user,arn,mfa_active,password_enabled,access_key_1_active,access_key_2_active",
        "ann,arn:x,true,true,false,false",
    )
    assert (report.dataset, report.product) == ("cloud_users", "AWS, credential report as CSV")
    by_name = {match.column.name: match.confidence for match in report.matches}
    assert set(by_name.values()) == {Confidence.CERTAIN}


def test_what_must_be_said_is_open_until_it_is() -> None:
    found = proposed("User ID,Email,Status", "u1,a@x.example,Odd", wish=Wish(schema="app_accounts"))
    assert not found.is_ready
    assert [each.partition(":")[0] for each in found.open] == ["system", "kind", "enabled"]


def test_a_column_with_holes_that_every_row_must_fill_is_open() -> None:
    found = proposed("worker_id,kind,status,started_at", "w1,employee,active,2024-01-01T00:00:00Z", "w2,,active,")
    assert any(each.startswith("kind: 1 of 2 rows") for each in found.open)


def test_a_file_without_a_date_in_its_name_is_open_and_dated_by_its_receipt() -> None:
    found = proposed("worker_id,course,completed_at", "w1,intro,2026-01-01T00:00:00Z", file="training.csv")
    assert found.record["effective_at"] == {"from": "receipt"}
    assert any("training-2026-09-30.csv" in each for each in found.open)


def test_a_key_that_repeats_is_said() -> None:
    rows = ["w1,intro,2026-01-01T00:00:00Z", "w1,intro,2026-02-01T00:00:00Z"]
    found = proposed("worker_id,course,completed_at", *rows, file="training-2026-09-30.csv")
    assert any("1 rows repeat" in guess for guess in found.guesses)


def test_columns_that_are_called_as_in_the_schema_need_no_word() -> None:
    found = proposed("worker_id,course,completed_at", "w1,intro,2026-01-01T00:00:00Z", file="training-2026-09-30.csv")
    assert "columns" not in found.record
    assert found.confidence is Confidence.CERTAIN


@pytest.mark.parametrize(("headings", "wish"), [("colour,taste", Wish()), ("worker_id", Wish(schema="hr_worker"))])
def test_what_is_like_nothing_is_refused_with_a_way_on(headings: str, wish: Wish) -> None:
    with pytest.raises(ProblemsError) as error:
        proposed(headings, ",".join("a" for _ in headings.split(",")), wish=wish)
    assert "--schema" in str(error.value)


def test_exports_that_are_alike_are_all_named() -> None:
    row = "X-1,Task,Open,High,ann,2026-01-01T00:00:00Z,"
    found = proposed("Issue key,Issue Type,Status,Priority,Assignee,Created,Resolved", row)
    assert {found.dataset, *found.others} >= {"incidents", "tickets"}
    assert found.confidence is not Confidence.CERTAIN
    named = proposed(
        "Issue key,Issue Type,Status,Priority,Assignee,Created,Resolved", row, file="tickets-2026-09-30.csv"
    )
    assert named.dataset == "tickets"


def test_a_test_lacks_the_columns_that_it_decides_by_and_only_those() -> None:
    served = {each.test: each for each in served_by("idp_accounts", {"account_id", "kind", "status"})}
    assert served["idp-mfa-active-users"].lacking == ("mfa_enrolled",)
    assert served["orphan-group-memberships"].lacking == ()
    assert served["orphan-group-memberships"].also == ("idp_memberships",)


def test_what_is_only_stated_is_taken_on_trust() -> None:
    present = {"repo", "change_id", "author_id", "merged_at"}
    served = {each.test: each for each in served_by("changes", present, {"emergency"})}
    assert served["emergency-change-reviewed"].on_trust == ("emergency",)
    assert served["change-linked-to-ticket"].lacking == ("ticket",)


def test_the_demo_companys_files_are_known_for_what_they_are() -> None:
    folder = Path(str(files("buttress") / "content" / "demo" / "harbourline" / "evidence"))
    wrong = []
    for path in sorted(folder.glob("*-2026-06-30.*")):
        kind = path.name.partition("-2026")[0].replace("-", "_")
        if kind in dataset_schemas() and not path.name.endswith(".yaml"):
            sample = sample_of(folder, path.name)
            found = propose(replace(sample, rows=sample.rows[:30]), ANYTHING)
            if (found.dataset, found.is_ready) != (kind, True):
                wrong.append((path.name, found.dataset, found.open))
    assert wrong == []
