"""Warnings are told in full up to a point, and counted beyond it."""

from buttress.cli.check import MOST_OF_A_KIND, warning_lines
from buttress.formats.problems import Problem


def test_of_one_kind_of_warning_twenty_are_shown_and_the_rest_is_counted() -> None:
    many = [Problem(f"evidence/{n}.csv", None, "", "a stray file", "a use for it") for n in range(MOST_OF_A_KIND + 5)]
    other = Problem("people.yaml", 3, "persons.a", "no owner", "an owner")
    lines = list(warning_lines([*many, other]))
    assert lines[:1] == [f"warning: {many[0]}"]
    assert lines[MOST_OF_A_KIND:] == [
        "warning: and 5 more like it (expected a use for it)",
        f"warning: {other}",
    ]


def test_as_many_as_fit_are_shown_without_a_count() -> None:
    fitting = [Problem(f"{n}.csv", None, "", "a stray file", "a use for it") for n in range(MOST_OF_A_KIND)]
    assert list(warning_lines(fitting)) == [f"warning: {each}" for each in fitting]
