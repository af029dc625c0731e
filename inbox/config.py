"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr


class Section(BaseModel):
    """A section of config.yaml: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
