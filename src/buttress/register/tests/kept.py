"""Organisations of the database into which register folders are applied."""

from pathlib import Path

from buttress.orgs.services import found_organisation
from buttress.orgs.writing import Actor
from buttress.register.files.reader import read_register
from buttress.register.plan.statements import profile_of


def organisation_of(folder: Path, ref: str = "harbourline", owner: str | None = None) -> Actor:
    """The owner of a new organisation with the profile of the folder; the folder's person `owner`, else its first."""
    register = read_register(folder)
    owner = owner or next(iter(register.persons))
    return found_organisation(
        ref=ref, profile=profile_of(register.organisation), owner_ref=owner, owner=register.persons[owner]
    )
