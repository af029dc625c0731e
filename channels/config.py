"""Settings of this package; `app/settings.py` reads them from config.yaml and the environment."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, PositiveInt

from inbox.config import SecretList, SecretText, Section, Text


class FacebookConfig(Section):
    """The Meta app whose webhooks come in. Without app secrets its webhooks answer 403."""

    app_id: Text = Field(default=None, description="tells our own echoes from other apps'")
    app_secrets: SecretList = Field(
        default=(), description="check the signature of webhooks; the newest first, all accepted"
    )
    verify_token: SecretText = Field(
        default=None, description="any word, the same as in the app's webhook settings"
    )
    api_url: str = Field(
        default="https://graph.facebook.com", description="where messages are sent to"
    )
    api_version: str = Field(
        default="v26.0", description="of the Graph API; one lasts about two years"
    )
    login_url: str = Field(
        default="https://www.facebook.com", description="where the login dialog is"
    )
    login_config_id: str | None = Field(
        default=None, description="configuration of Facebook Login for Business; unset: permissions"
    )
    connect_timeout: timedelta = Field(
        default=timedelta(seconds=5), description="until a connection is there"
    )
    timeout: timedelta = Field(default=timedelta(seconds=10), description="of a whole call")
    send_timeout: timedelta = Field(
        default=timedelta(seconds=25),
        description="of a call that sends; then it is not known whether the message arrived",
    )
    upload_timeout: timedelta = Field(
        default=timedelta(seconds=15),
        description="of a whole upload; with `send_timeout` under half of inbox.delivery.lease",
    )


class ZaloConfig(Section):
    """The Zalo app whose webhooks come in. Without OA secret keys they answer 200, unread."""

    app_id: Text = Field(default=None, description="part of what Zalo signs")
    app_secret: SecretText = Field(default=None, description="refreshes access tokens")
    oa_secret_keys: SecretList = Field(
        default=(), description="check the signature of webhooks; the newest first, all accepted"
    )
    domain_codes: list[str] = Field(
        default=[], description="codes of zalo_verifier….html pages that prove that we own the host"
    )
    api_url: str = Field(
        default="https://openapi.zalo.me", description="where messages are sent to"
    )
    oauth_url: str = Field(
        default="https://oauth.zaloapp.com",
        description="where OAs give permission and access tokens come from",
    )
    pkce: bool = Field(
        default=True, description="send PKCE's challenge; off where the app's console has its own"
    )
    app_secret_proof: bool = Field(
        default=False, description="the app's console demands appsecret_proof with every call"
    )
    connect_timeout: timedelta = Field(
        default=timedelta(seconds=5), description="until a connection is there"
    )
    timeout: timedelta = Field(default=timedelta(seconds=10), description="of a whole call")
    send_timeout: timedelta = Field(
        default=timedelta(seconds=25),
        description="of a call that sends; then it is not known whether the message arrived",
    )
    upload_timeout: timedelta = Field(
        default=timedelta(seconds=15), description="of a whole upload"
    )


class MediaFetchConfig(Section):
    """How media of messages is fetched from the platforms, to be copied."""

    connect_timeout: timedelta = Field(
        default=timedelta(seconds=5), description="until a connection is there"
    )
    idle_timeout: timedelta = Field(
        default=timedelta(seconds=15), description="between two pieces of a download"
    )
    timeout: timedelta = Field(default=timedelta(minutes=5), description="of a whole download")
    allow_hosts: list[str] = Field(
        default=[],
        description="address:port of simulated platforms, which may be on loopback and without TLS",
    )


class BackfillConfig(Section):
    """Reading back what was missed."""

    reach: timedelta = Field(
        default=timedelta(days=30), description="how far back; what is older stays missed"
    )


class ChannelsConfig(Section):
    """Everything that `channels` can be told."""

    max_body_bytes: PositiveInt = Field(
        default=5 * 1024 * 1024, description="largest webhook body; beyond it 413"
    )
    programs: list[Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]] = Field(
        default=[], description="module:name of programs that answer in this process"
    )
    backfill: BackfillConfig = BackfillConfig()
    media: MediaFetchConfig = MediaFetchConfig()
    facebook: FacebookConfig = FacebookConfig()
    zalo: ZaloConfig = ZaloConfig()
