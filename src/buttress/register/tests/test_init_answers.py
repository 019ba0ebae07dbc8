"""Answers about an organisation: strict, with every problem named by field and line."""

import re
from datetime import date

import pytest

from buttress.core.snapshot import Category
from buttress.formats.problems import ProblemsError
from buttress.register.starting.answers import answer_to, answers_from, read_answers
from buttress.register.starting.answers_template import answers_template
from buttress.register.starting.questions import QUESTIONS, Holding

LEAST = {
    "name": "Saltmarsh",
    "people": "8",
    "annual_revenue_usd": "1200000",
    "owner": "Mallory Reed",
    "systems": ["Notes"],
}


def problem_of(**changes):
    with pytest.raises(ProblemsError) as raised:
        answers_from({**LEAST, **changes})
    (problem,) = raised.value.problems
    return problem


def test_five_answers_are_enough_and_security_is_always_in_scope():
    answers = answers_from({**LEAST, "categories": ["privacy"]})
    assert answers.in_scope == {Category.SECURITY, Category.PRIVACY}
    assert answers.owner.name == "Mallory Reed"
    assert answers.holding("IAM-02") is Holding.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"people": "0"}, "people", "1 to 10 million"),
        ({"people": "about 8"}, "people", "a whole number"),
        ({"annual_revenue_usd": "12"}, "annual_revenue_usd", "give the yearly budget"),
        ({"currency": "Euro"}, "currency", "three capitals"),
        ({"currency": "EUR"}, "usd_rate", "units of EUR for one US dollar"),
        ({"hosting": "clod"}, "hosting", "Did you mean 'cloud'?"),
        ({"features": ["office", "ofice"]}, "features[1]", "Did you mean 'office'?"),
        ({"data": ["secrets"]}, "data[0]", "one of customer_confidential"),
        ({"systems": []}, "systems", "at least one system"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Europe/Amsterdam"),
        ({"vendors": [{"name": "Okta", "tier": "4"}]}, "vendors[0].tier", "a tier from 1 to 3"),
        ({"approver": "Mallory Reed"}, "approver", "another person"),
        ({"period_start": "2027-01-01", "period_end": "2026-01-01"}, "period_end", "not before the start"),
        ({"controls": {"IAM-2": "in_place"}}, "controls.IAM-2", "Did you mean 'IAM-02'?"),
        ({"controls": {"IAM-02": "done"}}, "controls.IAM-02.holding", "in_place"),
        ({"controls": {"IAM-02": {"holding": "lacking", "since": "2026-01-01"}}}, "controls.IAM-02.since", "in_place"),
        ({"controls": {"IAM-02": {"holding": "in_place", "on": "2026-01-01"}}}, "controls.IAM-02.on", "planned"),
        ({"colour": "blue"}, "colour", "a known field"),
        ({"categories": ["safety"]}, "categories", "security"),
    ],
)
def test_what_is_wrong_is_named_by_field(changes, field, words):
    problem = problem_of(**changes)
    assert problem.field.startswith(field)
    assert words in str(problem)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            "{holding: in_place, since: 2026-11-25}",
            "IAM-02.since: found 2026-11-25; expected a day not after today; use planned with on",
        ),
        ("{holding: planned, on: 2026-11-23}", "IAM-02.on: found 2026-11-23; expected a day not before today"),
        ("{holding: in_place, since: 2026-11-24}", ""),
        ("{holding: planned, on: 2026-11-24}", ""),
    ],
)
def test_what_is_in_place_came_by_today_and_what_is_planned_comes_from_today_on(tmp_path, answer, words):
    path = tmp_path / "answers.yaml"
    least = "name: Saltmarsh\npeople: 8\nannual_revenue_usd: 1200000\nowner: Mallory\nsystems: [Notes]\n"
    path.write_text(f"{least}controls:\n  IAM-02: {answer}\n")
    if not words:
        assert read_answers(path, date(2026, 11, 24)).controls
        return
    with pytest.raises(ProblemsError) as raised:
        read_answers(path, date(2026, 11, 24))
    assert f"answers.yaml:7: controls.{words}" in str(raised.value)


BY_KEY = {question.key: question for question in QUESTIONS}


@pytest.mark.parametrize(
    ("key", "line", "collected", "expected"),
    [
        ("people", "1,200", {}, "1200"),
        ("currency", "EUR", {}, "EUR"),
        ("cloud_provider", "", {}, None),
        ("approver", "Erin", {"owner": "Ruth"}, "Erin"),
        ("vendors", "", {}, []),
    ],
)
def test_a_line_is_judged_beside_the_answers_before_it(key, line, collected, expected):
    assert answer_to(BY_KEY[key], line, collected) == expected


@pytest.mark.parametrize(
    ("key", "line", "collected", "words"),
    [
        ("people", "0", {}, "found 0; expected 1 to 10 million people."),
        ("usd_rate", "0", {"currency": "EUR"}, "a rate above 0"),
        ("approver", "Ruth", {"owner": "Ruth"}, "another person than the owner"),
        ("vendors", "Okta:4", {}, "a tier from 1 to 3"),
        ("period_end", "2026-01-01", {"period_start": "2026-06-01"}, "not before the start, 2026-06-01"),
        ("systems", " , ", {}, "at least one system"),
    ],
)
def test_a_line_that_does_not_fit_says_what_was_expected(key, line, collected, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        answer_to(BY_KEY[key], line, collected)


def test_one_person_may_ask_and_approve_where_there_is_only_one():
    answers = answers_from({**LEAST, "approver": "Mallory Reed", "sole_operator": "true"})
    assert answers.sole_operator


def test_all_problems_of_a_file_come_at_once_with_their_lines(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text("name: Saltmarsh\npeople: none\nannual_revenue_usd: 1e6\nowner: Mallory\nsystems: [Notes]\n")
    with pytest.raises(ProblemsError) as raised:
        read_answers(path)
    assert [(p.file, p.line, p.field) for p in raised.value.problems] == [
        ("answers.yaml", 2, "people"),
        ("answers.yaml", 3, "annual_revenue_usd"),
    ]


def test_a_file_reads_as_the_same_answers(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(
        "name: Saltmarsh\npeople: 8\nannual_revenue_usd: 1200000\nowner: {name: Mallory Reed}\nsystems: [Notes]\n"
        "controls:\n  IAM-02: in_place\n  AVL-03: {holding: planned, on: 2027-03-01}\n"
    )
    collected = {"IAM-02": "in_place", "AVL-03": {"holding": "planned", "on": "2027-03-01"}}
    assert read_answers(path) == answers_from({**LEAST, "controls": collected})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (date(2026, 11, 24), date(2027, 11, 23))),
        ({"period_start": "2026-01-01"}, (date(2026, 1, 1), date(2026, 12, 31))),
        ({"period_start": "2028-02-29"}, (date(2028, 2, 29), date(2029, 2, 27))),
        ({"period_end": "2027-06-30"}, (date(2026, 11, 24), date(2027, 6, 30))),
        ({"period_end": "2026-06-30"}, (date(2026, 6, 30), date(2026, 6, 30))),
    ],
)
def test_an_open_period_is_a_year_from_today(given, expected):
    assert answers_from({**LEAST, **given}).period(date(2026, 11, 24)) == expected


def test_the_template_asks_for_what_has_no_default_and_reads_once_it_is_given(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(answers_template())
    with pytest.raises(ProblemsError) as raised:
        read_answers(path)
    assert {p.field for p in raised.value.problems} == set(LEAST)
    filled = answers_template()
    for key, value in LEAST.items():
        filled = filled.replace(f"\n{key}:\n", f"\n{key}: {'[Notes]' if key == 'systems' else value}\n")
    path.write_text(filled)
    given = read_answers(path)
    usual = answers_from({**LEAST, "controls": given.controls})
    assert given == usual
    assert {answer.holding for answer in given.controls.values()} == {Holding.UNKNOWN}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ProblemsError, match=r"answers\.yaml: found no file"):
        read_answers(tmp_path / "answers.yaml")


def test_names_may_be_separated_by_commas_as_well_as_listed():
    spoken = answers_from(
        {
            **LEAST,
            "systems": "Notes app, Sync API",
            "vendors": "Mailer, Paylane",
            "categories": "security, availability",
        }
    )
    listed = answers_from(
        {
            **LEAST,
            "systems": ["Notes app", "Sync API"],
            "vendors": ["Mailer", "Paylane"],
            "categories": ["security", "availability"],
        }
    )
    assert spoken == listed
