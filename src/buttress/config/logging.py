"""Log lines on standard error: structured, in UTC, one entry a line, without secrets."""

import logging.config
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from buttress.config.redaction import redacted
from buttress.formats.printable import in_one_line

_OF_MANY_LINES = ("exception", "stack")


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at that moment: a redirection that came later is obeyed."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configuration(level: str, style: str) -> dict[str, Any]:
    """For `configure`: level `debug` to `error`, style `console` or `json`. Messages of every library go the same way."""
    silent_itself = {"handlers": [], "level": "NOTSET", "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _gathered(),
                "processors": _rendered(style),
            }
        },
        "handlers": {"standard_error": {"()": StandardError, "formatter": "lines"}},
        "root": {"handlers": ["standard_error"], "level": level.upper()},
        # Django gives these two handlers of their own.
        "loggers": {"django": silent_itself, "django.server": silent_itself},
    }


def configure(settings: dict[str, Any]) -> None:
    """Called by Django with its LOGGING setting, which `configuration` made."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_gathered(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
    """Replaces values under telling names (password, token, key ...) and credentials inside texts, tracebacks too."""
    cleaned = redacted(event)
    assert isinstance(cleaned, dict)
    return cleaned


def on_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    """Keeps a value from looking like a line of its own, or from commanding the terminal."""
    for name, value in event.items():
        if isinstance(value, str):
            many = name in _OF_MANY_LINES
            event[name] = "\n".join(f"  {in_one_line(s)}" for s in value.splitlines()) if many else in_one_line(value)
    return event


def _gathered() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendered(style: str) -> list[Processor]:
    cleaned: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    if style == "json":
        return [*cleaned, structlog.processors.JSONRenderer()]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    return [*cleaned, on_one_line, plain]
