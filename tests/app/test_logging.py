"""Logs tell where something went wrong and never what a customer wrote."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.config import LogConfig
from app.logging import configure_logging, where_from

WORDS = "Gọi chị Lan 0901234567 nhé"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers = logging.root.handlers[:]
    level = logging.root.level
    yield
    structlog.reset_defaults()
    logging.basicConfig(level=level, handlers=handlers, force=True)


def fail() -> None:
    raise ValueError(WORDS)


def fail_again() -> None:
    try:
        fail()
    except ValueError as error:
        raise LookupError(WORDS) from error


def caught() -> BaseException:
    try:
        fail_again()
    except LookupError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize("form", ["text", "json"])
def test_exception_in_a_log_line_tells_its_way_and_not_its_words(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogConfig.model_validate({"format": form}))
    log = structlog.get_logger("test")

    try:
        fail_again()
    except LookupError:
        log.exception("it failed", entry_id=7)
    log.error("a loop has ended", exc_info=caught())
    logging.getLogger("library").error("it failed too", exc_info=caught())

    said = capsys.readouterr().err
    assert said.count("LookupError") == said.count("ValueError") == 3
    assert said.count("test_logging.py") >= 6
    assert "0901234567" not in said
    assert "entry_id" in said


def test_causes_come_first_and_suppressed_ones_not_at_all() -> None:
    lines = where_from(caught()).splitlines()

    assert lines[-1] == "LookupError"
    assert lines.index("ValueError") < len(lines) - 1
    hidden = LookupError()
    hidden.__context__, hidden.__suppress_context__ = ValueError(), True
    assert where_from(hidden) == "LookupError"


def test_json_lines_are_json_with_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogConfig(format="json", level="info"))

    structlog.get_logger("test").info("ready", process="p")
    structlog.get_logger("test").debug("not said")

    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["process"]) == ("ready", "info", "p")
    assert told["timestamp"].endswith("Z")
