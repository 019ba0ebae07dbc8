"""Whole installations for fault tests, on each engine."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from faults.installations import Installation
from faults.warm import Forge, forge
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


@pytest.fixture(scope="session")
def swift_cluster() -> Iterator[Cluster]:
    """A PostgreSQL for faults of its clients, which a crash of the server would harm: databases are copied quickly."""
    try:
        with running_cluster(fsync=False) as running:
            yield running
    except NoPostgresError as error:
        if is_required():
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


collect_ignore = ["scripts"]
"""Programs for processes of their own, which do their work when they are loaded."""


class Engine:
    """One engine with a template: an installation of this version that holds nothing, and a warm process."""

    def __init__(self, name: str, cluster: Cluster | None, folder: Path) -> None:
        self.name, self.cluster, self.folder = name, cluster, folder
        self.template = self._installation("template")
        if cluster is not None:
            self._execute(f"CREATE DATABASE {self.template.database}")
        self.template.script("migrate.py")

    def fresh(self, template: Installation | None = None) -> Installation:
        """A copy of the template, or of another installation."""
        source = template or self.template
        copy = self._installation(f"t{os.urandom(6).hex()}")
        if self.cluster is not None:
            self.wait_for_end_of_sessions(source)
            self._execute(f"CREATE DATABASE {copy.database} TEMPLATE {source.database}")
        else:
            shutil.copy(source.database, copy.database)
        if (source.data / "evidence").exists():
            shutil.copytree(source.data / "evidence", copy.data / "evidence")
        return copy

    def drop(self, installation: Installation) -> None:
        if self.cluster is not None:
            self._execute(f"DROP DATABASE {installation.database} WITH (FORCE)")
        shutil.rmtree(installation.data)

    def wait_for_end_of_sessions(self, installation: Installation) -> None:
        """The server notices late that a client was killed, and may finish its statement or commit before."""
        if self.cluster is None:
            return
        query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{installation.database}'"
        deadline = time.monotonic() + 60
        while self._execute(query) != 0:
            assert time.monotonic() < deadline, "sessions outlived their client by a minute"
            time.sleep(0.01)

    def _installation(self, name: str) -> Installation:
        data = self.folder / name
        data.mkdir(mode=0o700)
        if self.cluster is None:
            return Installation(self.name, data, f"sqlite:///{data / 'buttress.sqlite3'}")
        return Installation(self.name, data, f"postgresql://postgres@/{name}?host={quote(str(self.cluster.folder))}")

    def _execute(self, statement: str) -> object:
        assert self.cluster is not None
        host = str(self.cluster.folder)
        with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Engine]:
    """The engines by name, each made at its first use."""

    @cache
    def engine(name: str) -> Engine:
        running = request.getfixturevalue("swift_cluster") if name == "postgres" else None
        return Engine(name, running, tmp_path_factory.mktemp(name))

    return engine


@pytest.fixture
def installation(engine: str, engines: Callable[[str], Engine]) -> Iterator[Installation]:
    """An installation with the organisation harbourline, its owner ada, and ruth, its risk manager."""
    copy = engines(engine).fresh()
    copy.script("found.py")
    yield copy
    engines(engine).drop(copy)


@pytest.fixture(scope="session")
def forges(engines: Callable[[str], Engine]) -> Iterator[Callable[[str], Forge]]:
    """Warm processes by engine, each started at its first use."""
    with ExitStack() as stack:

        @cache
        def warm(name: str) -> Forge:
            return stack.enter_context(forge(engines(name).template))

        yield warm
