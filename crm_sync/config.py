"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

import json
import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from crm_sync.mapping.model import MOST_FIELDS, FieldMap, FieldMapping, refuse_twice
from crm_sync.mapping.presets import CALLS_PER_SECOND, CrmKind, default_fields
from inbox.config import FromEnvironment, Section
from inbox.standard_webhooks import BadSecret, keys_of

_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
"""No user, no query: what opens doors comes from the environment."""


def _checked_url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise PydanticCustomError("crm_url", "write an address such as https://shop.odoo.com")
    return text.rstrip("/")


def _named(value: Any) -> Any:
    """As shop=first,branch=second, or JSON where a secret has a comma in it."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            raise PydanticCustomError("crm_secrets", "is no JSON object") from None
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    if not all(name and between and secret for name, between, secret in pairs):
        raise PydanticCustomError(
            "crm_secrets", "write connections and their secrets as shop=first,branch=second"
        )
    return {name.strip(): secret.strip() for name, _, secret in pairs}


ConnectionName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
"""Part of paths in the database and of addresses; it stays, whatever the CRM is called later."""


class ConnectionConfig(Section):
    """One CRM. Its secret comes from the environment, by the name of the connection."""

    kind: CrmKind = Field(description="which CRM it is")
    url: Annotated[str, AfterValidator(_checked_url)] = Field(description="where it is")
    database: str | None = Field(default=None, description="of Odoo")
    user: str | None = Field(default=None, description="of Odoo: the login that the secret is of")
    record_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s{}]+\{id\}[^\s{}]*$",
        description="leads a person to a record, where the CRM does not tell it itself",
    )
    instance: str = Field(
        default="inbox",
        pattern=r"^[a-z0-9]{1,20}$",
        description="tells our records from those of another inbox in the same CRM; it stays",
    )
    timeout: timedelta = Field(default=timedelta(seconds=30), description="of a whole call")
    allow_private: bool = Field(
        default=False, description="of webhook: it stands in our own network, or has no TLS"
    )
    calls_per_second: PositiveFloat | None = Field(
        default=None, description="at most, of all processes; unset: what this kind of CRM takes"
    )
    poll_every: timedelta = Field(
        default=timedelta(minutes=1), description="between looks for changes, if a field is pulled"
    )
    on_erasure: Literal["empty", "keep"] = Field(
        default="empty", description="whether what we wrote there goes with an erased customer"
    )
    repair_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="of the linked customers: if more differ, and more than 3, none is mended",
    )
    fields: Annotated[list[FieldMap], Field(max_length=MOST_FIELDS)] | None = Field(
        default=None, description="what is mirrored; unset: phone, e-mail, note and tags"
    )

    @model_validator(mode="before")
    @classmethod
    def _says_what_and_where(cls, values: Any) -> Any:
        """Told here, because a setting that is simply absent has no line of its own."""
        if isinstance(values, dict) and not ("kind" in values and "url" in values):
            raise PydanticCustomError("crm_connection", "a connection needs kind and url")
        return values

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.kind == "odoo" and not (self.database and self.user):
            raise PydanticCustomError("crm_odoo", "odoo needs database and user")
        if self.kind == "webhook" and not (self.allow_private or self.url.startswith("https:")):
            raise PydanticCustomError("crm_no_tls", "a webhook needs https, or allow_private: true")
        if self.fields is not None:
            refuse_twice(self.fields)
        return self

    @property
    def rate(self) -> float:
        """Calls a second, half of what the CRM allows where it says so."""
        return self.calls_per_second or CALLS_PER_SECOND[self.kind]

    def mapping(self) -> FieldMapping:
        """What is mirrored, as its first version."""
        return FieldMapping(fields=tuple(self.fields or default_fields(self.kind)))


class CrmSyncConfig(Section):
    """The CRMs that edits are mirrored into."""

    connections: dict[ConnectionName, ConnectionConfig] = Field(
        default={}, description="by a name of your own"
    )
    secrets: Annotated[dict[str, SecretStr], BeforeValidator(_named), FromEnvironment()] = Field(
        default={}, description="API keys, passwords and tokens by connection"
    )

    webhook_secrets: Annotated[dict[str, SecretStr], BeforeValidator(_named), FromEnvironment()] = (
        Field(default={}, description="what the CRM's own webhooks are signed or addressed with")
    )

    @model_validator(mode="after")
    def _every_connection_has_its_secret(self) -> Self:
        if missing := sorted(self.connections.keys() - self.secrets.keys()):
            raise PydanticCustomError(
                "crm_no_secret",
                "no secret for {names}: set CRM_SYNC__SECRETS=name=secret",
                {"names": ", ".join(missing)},
            )
        if unknown := sorted(self.secrets.keys() - self.connections.keys()):
            raise PydanticCustomError(
                "crm_no_connection",
                "CRM_SYNC__SECRETS names a connection that is not there: {names}",
                {"names": ", ".join(unknown)},
            )
        return self

    @model_validator(mode="after")
    def _webhook_secrets_are_of_connections(self) -> Self:
        if unknown := sorted(self.webhook_secrets.keys() - self.connections.keys()):
            raise PydanticCustomError(
                "crm_no_connection",
                "CRM_SYNC__WEBHOOK_SECRETS names a connection that is not there: {names}",
                {"names": ", ".join(unknown)},
            )
        return self

    @model_validator(mode="after")
    def _secrets_of_webhooks_are_keys(self) -> Self:
        for name, connection in self.connections.items():
            if connection.kind == "webhook":
                _refuse_bad_key("CRM_SYNC__SECRETS", name, self.secrets[name])
                if (secret := self.webhook_secrets.get(name)) is not None:
                    _refuse_bad_key("CRM_SYNC__WEBHOOK_SECRETS", name, secret)
        return self


def _refuse_bad_key(setting: str, name: str, secret: SecretStr) -> None:
    try:
        keys_of(secret.get_secret_value())
    except BadSecret as bad:
        raise PydanticCustomError(
            "crm_webhook_secret",
            "{setting} of {name}: {why}",
            {"setting": setting, "name": name, "why": str(bad)},
        ) from None
