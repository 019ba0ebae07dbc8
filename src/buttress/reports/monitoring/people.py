"""Owners by name: references of persons and of tests' owners, as a reader knows them."""

from collections.abc import Mapping

from buttress.core.snapshot import RegisterSnapshot


def names_of(snapshot: RegisterSnapshot) -> Mapping[str, str]:
    """Name of each person by reference."""
    return {person.ref: person.name for person in snapshot.persons}


def name_of(ref: str | None, names: Mapping[str, str]) -> str:
    """The name, the reference of somebody that the register does not name, or nothing."""
    return names.get(ref, ref) if ref else ""
