"""The questions of `buttress init`, and how typed lines answer them."""

from itertools import pairwise

import pytest

from buttress.controls.library import starter_controls
from buttress.register.starting.answers import Answers
from buttress.register.starting.questions import (
    CONTROL_QUESTIONS,
    FEATURES,
    HOSTINGS,
    QUESTIONS,
    Holding,
    QuestionKind,
    questions_asked,
    read_holding,
    read_line,
)
from buttress.risks.library import starter_risks

BY_KEY = {question.key: question for question in QUESTIONS}


def test_questions_and_answers_have_the_same_fields():
    assert {question.key for question in QUESTIONS} | {"controls"} == set(Answers.model_fields)


def test_control_questions_name_starter_controls_once_and_in_groups_that_stay_together():
    asked = [question.control for question in CONTROL_QUESTIONS]
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(starter_controls())
    groups = [question.group for question in CONTROL_QUESTIONS]
    assert sum(a != b for a, b in pairwise(groups)) == len(set(groups)) - 1


def test_every_need_of_the_libraries_can_be_answered():
    needs = {need for each in (*starter_controls().values(), *starter_risks().values()) for need in each.needs}
    assert needs <= {choice.value for choice in (*FEATURES, *HOSTINGS)}


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.default is not None], ids=lambda q: q.key)
def test_an_empty_line_stands_for_the_default(question):
    expected = read_line(question, question.default) if question.default else None
    assert (read_line(question, "  ") or None) == expected


def test_a_question_without_default_needs_an_answer():
    with pytest.raises(ValueError, match="an answer is needed"):
        read_line(BY_KEY["name"], " ")


@pytest.mark.parametrize(
    ("key", "line", "expected"),
    [
        ("people", "1,200", "1200"),
        ("annual_revenue_usd", "8 000 000", "8000000"),
        ("sole_operator", "Y", "true"),
        ("hosting", "2", "own_servers"),
        ("hosting", "own servers", "own_servers"),
        ("categories", "security, Processing integrity", ["security", "processing_integrity"]),
        ("categories", "1, 5", ["security", "privacy"]),
        ("systems", "Planner, Planner API,", ["Planner", "Planner API"]),
        ("vendors", "Okta:1, Mailer", [{"name": "Okta", "tier": "1"}, {"name": "Mailer"}]),
        ("owner", "Ruth Vega", "Ruth Vega"),
    ],
)
def test_lines_are_read_by_the_kind_of_question(key, line, expected):
    assert read_line(BY_KEY[key], line) == expected


@pytest.mark.parametrize(
    ("key", "line", "message"),
    [
        ("hosting", "moon", "not one of cloud"),
        ("hosting", "4", "not one of"),
        ("sole_operator", "maybe", "neither yes"),
    ],
)
def test_a_line_outside_the_vocabulary_is_refused(key, line, message):
    with pytest.raises(ValueError, match=message):
        read_line(BY_KEY[key], line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", Holding.UNKNOWN), ("i", Holding.IN_PLACE), ("In place", Holding.IN_PLACE), ("lacking", Holding.LACKING)],
)
def test_a_control_is_answered_by_a_word_or_its_first_letter(line, expected):
    assert read_holding(line) is expected


def test_an_unknown_word_about_a_control_is_refused():
    with pytest.raises(ValueError, match="in_place, planned, lacking, unknown"):
        read_holding("sometimes")


@pytest.mark.parametrize(
    ("key", "collected", "is_asked"),
    [
        ("usd_rate", {"currency": "USD"}, False),
        ("usd_rate", {"currency": "EUR"}, True),
        ("cloud_provider", {"hosting": "own_servers"}, False),
        ("cloud_provider", {"hosting": "both"}, True),
        ("approver", {"sole_operator": "true"}, False),
        ("approver", {"sole_operator": "false"}, True),
        ("name", {}, True),
    ],
)
def test_questions_that_make_no_sense_are_not_asked(key, collected, is_asked):
    assert BY_KEY[key].is_asked(collected) is is_asked


@pytest.mark.parametrize(
    ("collected", "more"),
    [
        ({}, 0),
        ({"currency": "EUR"}, 1),
        ({"currency": "EUR", "hosting": "own_servers"}, 0),
        ({"hosting": "own_servers", "sole_operator": "true"}, -2),
    ],
)
def test_the_number_of_questions_follows_the_answers_so_far(collected, more):
    assert questions_asked(collected) == questions_asked({}) + more


def test_choices_have_distinct_values_and_a_meaning():
    for question in QUESTIONS:
        values = [choice.value for choice in question.choices]
        assert len(set(values)) == len(values)
        assert bool(values) == (question.kind in (QuestionKind.CHOICE, QuestionKind.SEVERAL))
