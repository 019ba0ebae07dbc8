"""The shipped criteria: counts and applicability of the published document."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.snapshot import Category
from buttress.criteria.catalogue import (
    PrivacyRole,
    criteria,
    criteria_in_scope,
    description_criteria,
    points_of_focus,
    visible_points,
)
from buttress.criteria.loading import content_rows

SECURITY, AVAILABILITY = Category.SECURITY, Category.AVAILABILITY
CONFIDENTIALITY, INTEGRITY = Category.CONFIDENTIALITY, Category.PROCESSING_INTEGRITY

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
    assert [d.id for d in description_criteria()] == [f"DC{n}" for n in range(1, 10)]
    assert Counter(c.id[:2] == "CC" for c in criteria()) == {True: 33, False: 28}
    assert sum(c.series.startswith("P") and not c.series.startswith("PI") for c in criteria()) == 18
    principles = [row["coso_principle"] for row in content_rows("frameworks/tsc2017.csv")]
    assert sorted(int(principle) for principle in principles if principle) == list(range(1, 18))


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
def test_another_category_takes_no_criterion_away(categories, another):
    assert set(criteria_in_scope(categories)) <= set(criteria_in_scope(categories | {another}))
