"""Reads config.yaml together with the line of every key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.settings_errors import (
    Problem,
    SettingsError,
    broken_yaml,
    duplicate_key,
    not_a_section,
    unreadable_file,
)

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The values of the file as they are written, and where each key stands."""

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, key: KeyPath) -> int:
        """Counted from 1; the line of the nearest enclosing key, 0 when there is none."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 0)

    def where(self, key: KeyPath) -> str:
        """As editors understand it: config.yaml:12."""
        line = self.line(key)
        return f"{self.path}:{line}" if line else str(self.path)


def read_settings_file(path: Path) -> SettingsFile:
    """Read the file; nothing is checked but that it is YAML.

    Raises:
        SettingsError: it cannot be opened, is no YAML, or is something else than sections.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError([unreadable_file(str(path), "--config", str(path), reason)]) from None
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        values = loader.construct_document(root) if root is not None else {}
    except yaml.YAMLError as error:
        raise SettingsError([_broken(path, error)]) from None
    finally:
        loader.dispose()
    if not isinstance(values, dict):
        raise SettingsError([not_a_section(f"{path}:1", str(path), 1)])
    lines: dict[KeyPath, int] = {}
    problems = []
    for key, line in _keys(root, ()):
        if key in lines:
            problems.append(duplicate_key(f"{path}:{line}", ".".join(key), line))
        lines[key] = line
    return SettingsFile(path, values, lines, tuple(problems))


def _keys(node: yaml.Node | None, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _keys(value, here)


def _broken(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 0
    reason = getattr(error, "problem", None) or "not YAML"
    return broken_yaml(f"{path}:{line}" if line else str(path), reason, line)
