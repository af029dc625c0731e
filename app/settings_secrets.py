"""Reads secrets from environment variables, or from the files that NAME_FILE variables name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.settings_errors import Problem, given_twice, unknown_variable, unreadable_file
from app.settings_file import KeyPath
from inbox.config import FromEnvironment

_BETWEEN = "__"
_FILE = "_FILE"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the environment gives: values nested like the sections, and what is wrong with it."""

    values: dict[str, Any]
    problems: tuple[Problem, ...]


def variable_name(key: KeyPath) -> str:
    """("inbox", "secret_key") -> INBOX__SECRET_KEY."""
    return _BETWEEN.join(key).upper()


def leaves(model: type[BaseModel], path: KeyPath = ()) -> Iterator[tuple[KeyPath, FieldInfo]]:
    """Every setting of a section and of the sections in it."""
    for name, field in model.model_fields.items():
        inner = section_type(field)
        if inner is not None:
            yield from leaves(inner, (*path, name))
        else:
            yield (*path, name), field


def section_type(field: FieldInfo) -> type[BaseModel] | None:
    """The type of a field that is a section itself."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting comes from the environment and never from config.yaml."""
    return any(isinstance(mark, FromEnvironment) for mark in field.metadata)


def secret_keys_of(model: type[BaseModel]) -> dict[str, KeyPath]:
    """Variable names and the settings that they fill."""
    return {variable_name(key): key for key, field in leaves(model) if is_secret(field)}


def read_secrets(model: type[BaseModel], environ: Mapping[str, str]) -> Secrets:
    """Take every secret of `model`; an empty variable counts as not set."""
    known = secret_keys_of(model)
    values: dict[str, Any] = {}
    problems = list(_unknown(model, known, environ))
    for name, key in known.items():
        direct, path = environ.get(name, ""), environ.get(name + _FILE, "")
        if direct and path:
            problems.append(given_twice(name))
        elif path:
            try:
                direct = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not UTF-8"
                problems.append(unreadable_file("environment", name + _FILE, path, reason))
        if direct:
            put(values, key, direct)
    return Secrets(values, tuple(problems))


def put(values: dict[str, Any], key: KeyPath, value: Any) -> None:
    """Set a nested value, making the sections on the way."""
    for name in key[:-1]:
        values = values.setdefault(name, {})
    values[key[-1]] = value


def _unknown(
    model: type[BaseModel], known: Mapping[str, KeyPath], environ: Mapping[str, str]
) -> Iterator[Problem]:
    """Variables that look like ours but are not: most likely a slip of the pen."""
    ours = tuple(name.upper() + _BETWEEN for name in model.model_fields)
    for name in sorted(environ):
        if name.startswith(ours) and name not in known and name.removesuffix(_FILE) not in known:
            yield unknown_variable(name, list(known))
