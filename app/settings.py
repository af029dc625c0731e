"""Reads config.yaml and the secrets; refuses to start on anything wrong, all problems at once.

Knobs come from config.yaml, whose sections are named like the packages. Secrets never do: they
come from the environment (INBOX__SECRET_KEY, CHANNELS__FACEBOOK__APP_SECRETS, ...) or from the
file that the same name with _FILE points at, which suits Docker, Kubernetes and systemd alike.
"""

import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_jsonable_python
from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict

from app.config import AppConfig
from app.settings_errors import (
    Problem,
    SettingsError,
    invalid,
    missing_secret_key,
    not_a_section,
    secret_in_file,
    unknown_key,
)
from app.settings_file import KeyPath, SettingsFile, read_settings_file
from app.settings_secrets import (
    is_secret,
    leaves,
    put,
    read_secrets,
    secret_keys_of,
    section_type,
    variable_name,
)
from channels.config import ChannelsConfig
from crm_sync.config import CrmSyncConfig
from inbox.bots.secrets import SecretBox
from inbox.config import InboxConfig, secret_key_bytes
from scheduler.config import SchedulerConfig

DEFAULT_PATH = Path("config.yaml")


class Settings(BaseSettings):
    """All settings: a section per package."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", case_sensitive=True)

    app: AppConfig = AppConfig()
    inbox: InboxConfig
    channels: ChannelsConfig = ChannelsConfig()
    scheduler: SchedulerConfig = SchedulerConfig()
    crm_sync: CrmSyncConfig = CrmSyncConfig()

    def secret_keys(self) -> tuple[bytes, ...]:
        """32 bytes each; the first is for new secrets, all are for reading old ones."""
        return tuple(secret_key_bytes(key) for key in self.inbox.secret_key)

    def secret_box(self) -> SecretBox:
        """Seals what is kept encrypted. Fernet wants padded keys, ours may come without."""
        return SecretBox([urlsafe_b64encode(key).decode() for key in self.secret_keys()])


def load_settings(
    path: Path = DEFAULT_PATH,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of `path`, of the environment and of the command line, checked.

    Args:
        path: config.yaml; every key in it is optional.
        environ: the variables; those of this process unless given.
        overrides: settings by dotted key, such as {"app.http.port": 9000}; they win.

    Raises:
        SettingsError: with every problem that was found, not just the first.
    """
    file = read_settings_file(path)
    problems = list(file.problems)
    knobs = _known_knobs(Settings, file.values, (), file, problems)
    secrets = read_secrets(Settings, os.environ if environ is None else environ)  # noqa: TID251 - the one place
    problems += secrets.problems
    given: dict[str, Any] = {}
    for key, value in (overrides or {}).items():
        put(given, tuple(key.split(".")), value)
    sources = tuple(InitSettingsSource(Settings, one) for one in (given, secrets.values, knobs))
    try:
        settings = Settings(_build_sources=(sources, {}))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise SettingsError([*problems, *(_problem(one, file) for one in found)]) from None
    if problems:
        raise SettingsError(problems)
    return settings


def names_crms(path: Path) -> bool:
    """Whether the file names CRMs to mirror into. Raises SettingsError: it is no YAML."""
    section = read_settings_file(path).values.get("crm_sync")
    return isinstance(section, dict) and bool(section.get("connections"))


def crm_variables() -> dict[str, str]:
    """The secrets of those CRMs in the environment of this process."""
    environ = os.environ  # noqa: TID251 - the one place
    return {name: value for name, value in environ.items() if name.startswith("CRM_SYNC__")}


def _known_knobs(
    model: type[BaseModel],
    values: Mapping[Any, Any],
    path: KeyPath,
    file: SettingsFile,
    problems: list[Problem],
) -> dict[str, Any]:
    """The part of `values` that may stand in the file; the rest becomes problems."""
    knobs: dict[str, Any] = {}
    for name, value in values.items():
        key = (*path, str(name))
        dotted, where, line = ".".join(key), file.where(key), file.line(key)
        field = model.model_fields.get(str(name))
        if field is None:
            problems.append(unknown_key(where, dotted, _knobs_of(model), line))
        elif is_secret(field):
            problems.append(secret_in_file(where, dotted, variable_name(key), line))
        elif (inner := section_type(field)) is None:
            knobs[name] = value
        elif value is not None and not isinstance(value, dict):
            problems.append(not_a_section(where, dotted, line))
        else:  # a section whose keys are all commented out is None
            knobs[name] = _known_knobs(inner, value or {}, key, file, problems)
    return knobs


def _knobs_of(model: type[BaseModel]) -> list[str]:
    return [name for name, field in model.model_fields.items() if not is_secret(field)]


def _problem(error: ErrorDetails, file: SettingsFile) -> Problem:
    key = tuple(str(part) for part in error["loc"])
    secrets = {path: variable for variable, path in secret_keys_of(Settings).items()}
    if "missing" in error["type"] or key == ("inbox",):
        return missing_secret_key(variable_name(("inbox", "secret_key")))
    for length in range(len(key), 0, -1):
        if variable := secrets.get(key[:length]):
            return invalid("environment", variable, dict(error), "", 0)
    return invalid(file.where(key), ".".join(key), dict(error), _default(key), file.line(key))


def _default(key: KeyPath) -> str:
    """The default as it is written in the file."""
    for path, field in leaves(Settings):
        if path == key[: len(path)] and not field.is_required():
            return str(to_jsonable_python(field.default))
    return ""
