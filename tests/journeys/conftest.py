"""The demo company, loaded, tested and assessed once for all journeys that only look at it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from buttress.cli.main import app
from buttress.register.demo import DEMO, anchor_of, load_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The demo as its files stand, loaded as of its own anchor, and what the command printed."""
    folder = tmp_path_factory.mktemp("demo") / "harbourline"
    day = anchor_of(DEMO)
    assert day is not None
    load_demo(folder, day)
    return folder, CliRunner().invoke(app, ["demo", str(folder), "--no-serve"])
