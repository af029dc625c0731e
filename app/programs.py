"""Finds the programs that the settings name."""

from collections.abc import Sequence
from importlib import import_module

from channels.programs import Program


class ProgramMissing(Exception):
    """`channels.programs` names what is not there, or is no program."""


def programs_of(names: Sequence[str]) -> tuple[Program, ...]:
    """The programs called "module:name", imported as Python would.

    Raises:
        ProgramMissing: with the name that is wrong.
    """
    return tuple(_program(name) for name in names)


def _program(name: str) -> Program:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ProgramMissing(f"channels.programs: {name}: {type(error).__name__}") from error
    if not isinstance(found, Program):
        raise ProgramMissing(f"channels.programs: {name} is no Program")
    return found
