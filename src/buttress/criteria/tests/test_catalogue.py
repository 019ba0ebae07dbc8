"""The shipped criteria: counts and applicability of the published document, and the spellings of ids."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.snapshot import Category
from buttress.criteria.catalogue import (
    PrivacyRole,
    UnknownCriterionError,
    coso_principles,
    criteria,
    criteria_in_scope,
    criterion_id,
    criterion_or_point_id,
    description_criteria,
    point_id,
    points_of_focus,
    series,
    visible_points,
)
from buttress.criteria.loading import content_rows

SECURITY, AVAILABILITY = Category.SECURITY, Category.AVAILABILITY
CONFIDENTIALITY, INTEGRITY, PRIVACY = Category.CONFIDENTIALITY, Category.PROCESSING_INTEGRITY, Category.PRIVACY

# Points of focus of each criterion, counted in the published document.
POINTS = """
CC1.1 5 CC1.2 4 CC1.3 6 CC1.4 7 CC1.5 6 CC2.1 9 CC2.2 13 CC2.3 12 CC3.1 16 CC3.2 9 CC3.3 5 CC3.4 6 CC4.1 8 CC4.2 3
CC5.1 6 CC5.2 4 CC5.3 6 CC6.1 13 CC6.2 3 CC6.3 4 CC6.4 4 CC6.5 1 CC6.6 4 CC6.7 4 CC6.8 5 CC7.1 5 CC7.2 4 CC7.3 7
CC7.4 14 CC7.5 6 CC8.1 18 CC9.1 2 CC9.2 13 A1.1 3 A1.2 11 A1.3 2 C1.1 3 C1.2 2 PI1.1 3 PI1.2 3 PI1.3 5 PI1.4 4 PI1.5 4
P1.1 7 P2.1 6 P3.1 4 P3.2 2 P4.1 1 P4.2 2 P4.3 3 P5.1 5 P5.2 4 P6.1 4 P6.2 1 P6.3 1 P6.4 3 P6.5 2 P6.6 2 P6.7 3 P7.1 2
P8.1 6
"""


def test_the_edition_is_whole():
    assert len(criteria()) == 61
    assert len(points_of_focus()) == 330
    assert len(series()) == 20
    assert [d.id for d in description_criteria()] == [f"DC{n}" for n in range(1, 10)]
    assert Counter(c.id[:2] == "CC" for c in criteria()) == {True: 33, False: 28}
    assert sum(c.series.startswith("P") and not c.series.startswith("PI") for c in criteria()) == 18
    assert sorted(coso_principles().values()) == list(range(1, 18))


def test_each_criterion_has_the_published_number_of_points_numbered_from_one():
    words = POINTS.split()
    expected = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert Counter(point.criterion for point in points_of_focus()) == expected
    assert [point.id for point in points_of_focus()] == [
        f"{criterion}-POF{n}" for criterion, count in expected.items() for n in range(1, count + 1)
    ]


def test_ids_are_unique_and_parents_exist():
    rows = content_rows("frameworks/tsc2017.csv")
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids) == 416
    assert [row["id"] for row in rows if row["parent"] and row["parent"] not in ids] == []
    assert [row["id"] for row in rows if not row["label"]] == []


def test_sources_and_scopes_of_points():
    assert Counter(point.source for point in points_of_focus()) == {"COSO": 85, "TSC": 245}
    assert Counter(point.scope for point in points_of_focus()) == {
        "all": 201,
        "system-level": 7,
        "availability": 17,
        "confidentiality": 12,
        "processing_integrity": 19,
        "privacy": 16,
        "privacy:controller": 15,
        "privacy:processor": 3,
        "privacy:controller+processor": 40,
    }


SELECTIONS = [
    ([SECURITY], PrivacyRole.BOTH, 33, 208),
    ([SECURITY, AVAILABILITY], PrivacyRole.BOTH, 36, 225),
    ([SECURITY, AVAILABILITY, CONFIDENTIALITY], PrivacyRole.BOTH, 38, 237),
    ([SECURITY, AVAILABILITY, CONFIDENTIALITY, INTEGRITY], PrivacyRole.BOTH, 43, 256),
    (list(Category), PrivacyRole.CONTROLLER, 61, 327),
    (list(Category), PrivacyRole.PROCESSOR, 61, 315),
    (list(Category), PrivacyRole.BOTH, 61, 330),
]


@pytest.mark.parametrize(("categories", "role", "in_scope", "visible"), SELECTIONS)
def test_categories_filter_criteria_and_points(categories, role, in_scope, visible):
    assert len(criteria_in_scope(categories)) == in_scope
    assert len(visible_points(categories, role)) == visible
    assert len(visible_points(categories, role, is_system_level=False)) == visible - 7


@given(st.sets(st.sampled_from(Category), min_size=1), st.sampled_from(Category))
@settings(max_examples=40)
def test_another_category_hides_no_point(categories, another):
    assert set(visible_points(categories)) <= set(visible_points(categories | {another}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("CC6.1", "CC6.1"), (" cc6.1\t", "CC6.1"), ("PP1.3", "PI1.3"), ("pp1.5 ", "PI1.5"), ("a1.2", "A1.2")],
)
def test_criterion_spellings_in_circulation_are_read(text, expected):
    assert criterion_id(text) == criterion_or_point_id(text) == expected


@pytest.mark.parametrize("text", ["CC6.1-POF10", "CC6.1.10", "CC6.1.j", "CC6.1.J", "CC6.1-10", " cc6.1-pof10 "])
def test_point_spellings_in_circulation_are_read(text):
    assert point_id(text) == criterion_or_point_id(text) == "CC6.1-POF10"


@pytest.mark.parametrize("number", range(2, 10))
def test_criteria_that_do_not_exist_are_refused_by_name(number):
    with pytest.raises(UnknownCriterionError, match=rf"no criterion P1\.{number}; series P1 has P1\.1"):
        criterion_id(f"P1.{number}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CC6.1-POF14", "CC6.1 has points of focus 1 to 13, not 14"),
        ("CC6.5.b", "CC6.5 has points of focus 1 to 1, not 2"),
        ("CC6.1-0", "not 0"),
        ("CC10.1", "is not the id of a Trust Services Criterion"),
        ("CC0.1", "the series are CC1, CC2"),
        ("", "is not the id"),
        ("CC6.1 and CC6.2", "is not the id"),
        ("CC6.1-POF10", "is a point of focus; give its criterion, CC6.1"),
    ],
)
def test_what_names_no_criterion_is_refused(text, message):
    with pytest.raises(UnknownCriterionError, match=re.escape(message)):
        criterion_id(text)


def test_a_criterion_is_not_taken_for_a_point():
    with pytest.raises(UnknownCriterionError, match=r"CC6\.1-POF1"):
        point_id("CC6.1")


@given(st.sampled_from(points_of_focus()))
@settings(max_examples=60)
def test_every_id_reads_as_itself(point):
    assert point_id(point.id) == point.id
    assert criterion_id(point.criterion) == point.criterion
    number = int(point.id.rpartition("POF")[2])
    assert point_id(f"{point.criterion}.{chr(ord('a') + number - 1)}") == point.id
