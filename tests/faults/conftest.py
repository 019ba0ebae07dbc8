"""Whole installations for fault tests, on each engine."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from faults.installations import Installation
from postgres_cluster import Cluster, NoPostgresError, is_required, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL whose acknowledged commits outlive a crash."""
    try:
        with running_cluster(fsync=True) as running:
            yield running
    except NoPostgresError as error:
        if is_required():
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_installation(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation whose database has no tables yet."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    if engine == "sqlite":
        yield Installation(engine, data, f"sqlite:///{data / 'buttress.sqlite3'}")
        return
    running: Cluster = request.getfixturevalue("cluster")
    name = f"t{os.urandom(6).hex()}"
    with psycopg.connect(host=str(running.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield Installation(engine, data, f"postgresql://postgres@/{name}?host={quote(str(running.folder))}")


@pytest.fixture
def installation(empty_installation: Installation) -> Installation:
    """An installation with the organisation harbourline, its owner ada, and ruth, its risk manager."""
    empty_installation.script("found.py")
    return empty_installation
