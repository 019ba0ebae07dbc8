"""Settings of all tests: the engine they run on, a data folder of their own, the same examples each time on a build machine.

`BUTTRESS_TEST_ENGINE=postgres` runs the tests marked `both_engines` or `postgres` with the default database on PostgreSQL;
otherwise all but those marked `postgres` run, on an SQLite file.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from postgres_cluster import NoPostgresError, is_required, postgres_for_tests

ENGINE = os.environ.get("BUTTRESS_TEST_ENGINE") or "sqlite"
ON_POSTGRES = ENGINE == "postgres"

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Sets the environment before the first import of Django, which reads it once; no ini option can come this early."""
    import django
    from django.conf import settings as django_settings

    if ENGINE not in {"sqlite", "postgres"}:
        pytest.exit(f"BUTTRESS_TEST_ENGINE: found {ENGINE!r}; expected sqlite or postgres", 1)
    if django_settings.configured:
        pytest.exit("Django was set up before the tests could choose its database: unset DJANGO_SETTINGS_MODULE", 1)
    if config.getoption("numprocesses", None):
        return  # Every worker has its own environment and database; it would inherit those made here.
    stack = ExitStack()
    config.add_cleanup(stack.close)
    data = stack.enter_context(tempfile.TemporaryDirectory(prefix="buttress-tests-"))
    for name in [name for name in os.environ if name.startswith("BUTTRESS_") and not name.startswith("BUTTRESS_TEST_")]:
        del os.environ[name]
    os.environ |= {"BUTTRESS_DATA": data, "DJANGO_SETTINGS_MODULE": "buttress.config.settings"}
    if ON_POSTGRES:
        try:
            os.environ["BUTTRESS_DATABASE_URL"] = stack.enter_context(postgres_for_tests())
        except NoPostgresError as error:
            pytest.exit(_missing(error), 1 if is_required() else 0)
    else:
        _hasten(django_settings.DATABASES["default"], Path(data))
    django.setup()


def _hasten(database: dict[str, Any], data: Path) -> None:
    """A file, so that threads and processes meet as they do in earnest; power may fail during a test."""
    database["TEST"] = {"NAME": str(data / "test.sqlite3")}
    database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"


def _missing(error: NoPostgresError) -> str:
    return f"{'FAILED' if is_required() else 'SKIPPED'} PostgreSQL tests: {error}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests of this engine; fault tests bring their own databases."""

    def runs(item: pytest.Item) -> bool:
        postgres = item.get_closest_marker("postgres")
        if item.get_closest_marker("faults"):
            return True
        return bool(postgres or item.get_closest_marker("both_engines")) if ON_POSTGRES else not postgres

    left = [item for item in items if not runs(item)]
    if left:
        items[:] = [item for item in items if runs(item)]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of a PostgreSQL database of one's own for tests that open connections themselves; started at first use."""
    try:
        with postgres_for_tests() as url:
            yield url
    except NoPostgresError as error:
        if is_required():
            pytest.fail(_missing(error))
        pytest.skip(_missing(error))


@pytest.fixture(autouse=True)
def _what_was_committed_can_be_emptied(request: pytest.FixtureRequest, _django_db_marker: None) -> Iterator[None]:
    """After a test that commits, its rows are deleted, which the guards refuse; emptying makes them anew."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames:
        from django.db import connection

        from buttress.orgs.guards import drop_guards

        drop_guards(connection)
