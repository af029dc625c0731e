"""Structured logs: a constant sentence and ids as keys, as text or as JSON lines."""

import logging
import sys
from types import TracebackType
from typing import Any

import structlog

from app.config import LogConfig
from inbox.http.problems import stack_of

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logging(config: LogConfig) -> None:
    """Send our lines, and those of libraries, to standard error in one form."""
    level = _LEVELS[config.level]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if config.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_where,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    of_libraries = logging.StreamHandler()
    of_libraries.setFormatter(_Formatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[of_libraries], force=True)


def where_from(error: BaseException) -> str:
    """The way of an exception and of its causes: files, lines and types, the last one raised last.

    Without their messages: these may hold what a customer wrote, a document or a token.
    """
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [where_from(before)] if before is not None else []
    return "\n".join([*lines, *(f"  {frame}" for frame in stack_of(error)), type(error).__name__])


def _tell_where(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replaces `exc_info` of a line."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        event["exception"] = where_from(error)
    return event


class _Formatter(logging.Formatter):
    """Lines of libraries, whose exceptions say no more than ours."""

    def formatException(  # noqa: N802 - logging's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return where_from(ei[1]) if ei[1] is not None else ""
