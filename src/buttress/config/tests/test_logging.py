"""Log lines hold no secret, stay one line each, and come from every library in one shape."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings

from buttress.config.logging import configuration, configure

MARK = "hunter2-Xq9"


@pytest.fixture(params=["json", "console"])
def style(request: pytest.FixtureRequest) -> Iterator[str]:
    configure(configuration("info", request.param))
    yield request.param
    structlog.reset_defaults()
    configure(settings.LOGGING)


@pytest.mark.parametrize(
    "entry",
    [
        {"password": MARK},
        {"DB_PASSWORD": MARK},
        {"apiKey": MARK},
        {"outer": {"list": [{"Set-Cookie": MARK}]}},
        {"headers": (("x", f"Bearer {MARK}"),)},
        {"url": f"postgresql://ada:{MARK}@db/reg"},
        {"url": f"https://ada:{MARK}@x@host/path?page=1"},
        {"text": f"refused: token={MARK}"},
        {"text": f'{{"client_secret": "{MARK}"}}'},
        {"text": f"authorization: Basic {MARK}"},
        {"thing": ValueError(f"password='{MARK}'")},
    ],
    ids=str,
)
def test_a_secret_is_not_logged(style: str, entry: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("ours").warning("refused", **entry)
    logged = capsys.readouterr().err
    assert "refused" in logged
    assert "[redacted]" in logged
    assert MARK not in logged


def test_a_secret_of_another_library_or_in_a_traceback_is_not_logged(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("psycopg.pool").warning("no answer from %s", f"postgresql://ada:{MARK}@db/reg")
    try:
        raise OSError(f"password={MARK}")
    except OSError:
        logging.getLogger("theirs").exception("failed")
        structlog.get_logger("ours").exception("failed")
    logged = capsys.readouterr().err
    assert logged.count("OSError: password=[redacted]") == 2
    assert "postgresql://ada:[redacted]@db/reg" in logged
    assert MARK not in logged


def test_json_has_one_object_a_line_with_level_logger_and_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    configure(configuration("info", "json"))
    structlog.get_logger("ours").warning("applied", records=3)
    logging.getLogger("django.db").warning("slow %s", "query")
    configure(settings.LOGGING)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["level"], ours["logger"], ours["records"]) == ("applied", "warning", "ours", 3)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow query", "warning", "django.db")
    assert ours["timestamp"].endswith("Z")


def test_a_value_cannot_forge_a_line_or_command_the_terminal(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("ours").warning("by", name="ada\n2026-01-01 [info] approved\x1b[2J")
    logging.getLogger("theirs").warning("by ada\n2026-01-01 [info] approved")
    logged = capsys.readouterr().err
    assert len(logged.splitlines()) == 2
    assert "\x1b" not in logged


def test_less_severe_messages_are_left_out(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("ours").debug("detail")
    logging.getLogger("theirs").debug("detail")
    assert capsys.readouterr().err == ""
