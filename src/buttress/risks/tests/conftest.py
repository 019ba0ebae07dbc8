"""Writes of this stage alone: figures follow from them in a later stage, whose tests go through the same services."""

import pytest


@pytest.fixture(autouse=True)
def no_steps_of_later_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    from buttress.orgs import writing  # this file is read before the database is chosen

    monkeypatch.setattr(writing, "_steps", [])
