"""Constraints that several tables have: a closed vocabulary, and two days in their order."""

from enum import StrEnum

from django.db.models import CheckConstraint, F, Q


def one_of(field: str, vocabulary: type[StrEnum], name: str) -> CheckConstraint:
    """The column holds a word of the vocabulary; one that may be empty may stay so."""
    return CheckConstraint(condition=Q(**{f"{field}__in": [word.value for word in vocabulary]}), name=name)


def not_before(later: str, earlier: str, name: str) -> CheckConstraint:
    """Where both days are given, `later` does not lie before `earlier`."""
    condition = Q(**{f"{later}__isnull": True}) | Q(**{f"{earlier}__isnull": True}) | Q(**{f"{later}__gte": F(earlier)})
    return CheckConstraint(condition=condition, name=name)
