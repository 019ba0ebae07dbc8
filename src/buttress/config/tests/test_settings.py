"""What the settings promise holds in the sessions that Django opens, on both engines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


def _answers(*questions: str) -> list[object]:
    found = []
    with connection.cursor() as cursor:
        for question in questions:
            cursor.execute(question)
            found.append(cursor.fetchone()[0])
    return found


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_a_session_keeps_what_it_acknowledged_and_waits_no_longer_than_it_may() -> None:
    if connection.vendor == "sqlite":
        pragmas = ("journal_mode", "recursive_triggers", "foreign_keys", "busy_timeout")
        assert _answers(*(f"PRAGMA {name}" for name in pragmas)) == ["wal", 1, 1, 20000]
        assert "PRAGMA synchronous=FULL;" in settings.DATABASES["default"]["OPTIONS"]["init_command"]
    else:
        names = ("synchronous_commit", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        assert _answers(*(f"SHOW {name}" for name in names)) == ["on", "20s", "2min", "5min"]


@pytest.mark.both_engines
@pytest.mark.django_db(transaction=True)
def test_a_task_enqueued_in_a_transaction_that_fails_does_not_exist() -> None:
    from django.db import transaction
    from django_q.models import OrmQ
    from django_q.tasks import async_task

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        async_task("math.sqrt", 4)
        assert OrmQ.objects.count() == 1
        raise ZeroDivisionError
    assert OrmQ.objects.count() == 0
    async_task("math.sqrt", 4)
    assert OrmQ.objects.get().task["func"] == "math.sqrt"


_FORKS = """
import os
import django

django.setup()
from django.db import connection


def session():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


ours = session()
connection.close()
child = os.fork()
if child == 0:
    code = 2
    try:
        code = int(session() == ours)
    finally:
        os._exit(code)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
assert session() == ours
"""
"""Forks in a process of its own, whose pool holds one connection; the threads and pools of a test run do not interfere."""


@pytest.mark.postgres
def test_a_forked_child_opens_connections_of_its_own(tmp_path: Path) -> None:
    forked = _python(_FORKS, BUTTRESS_DATA=str(tmp_path), BUTTRESS_DATABASE_URL=os.environ["BUTTRESS_DATABASE_URL"])
    assert (forked.returncode, forked.stderr) == (0, "")


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BUTTRESS_")}
    settings_module = {"DJANGO_SETTINGS_MODULE": "buttress.config.settings"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | settings_module | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_to_set_up_django_writes_nothing_and_to_sign_makes_the_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    set_up = _python("import django; django.setup(); import django_q.conf", BUTTRESS_DATA=str(data))
    assert (set_up.returncode, set_up.stderr) == (0, "")
    assert not data.exists()
    sign = "from django.core.signing import dumps; print(dumps('R-014'))"
    signed = _python(sign, BUTTRESS_DATA=str(data)).stdout
    read = f"from django.core.signing import loads; print(loads({signed.strip()!r}))"
    assert _python(read, BUTTRESS_DATA=str(data)).stdout == "R-014\n"
    assert [path.name for path in data.iterdir()] == ["secret_key"]


def test_the_system_check_of_django_finds_nothing(tmp_path: Path) -> None:
    code = "from django.core.management import execute_from_command_line as run; run(['django-admin', 'check'])"
    checked = _python(code, BUTTRESS_DATA=str(tmp_path))
    assert "no issues" in checked.stdout, checked.stderr


def test_a_refused_setting_stops_the_start_without_a_password() -> None:
    ended = _python("import django; django.setup()", BUTTRESS_DATABASE_URL="mysql://ada:s3cr3t@db/reg")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert "ImproperlyConfigured: BUTTRESS_DATABASE_URL: found 'mysql://...db/reg'" in last
    assert "s3cr3t" not in ended.stderr


def test_the_core_and_the_folder_reader_start_without_django() -> None:
    code = "import sys, buttress.cli.main, buttress.register.files; print('django' in sys.modules)"
    assert _python(code).stdout == "False\n"
