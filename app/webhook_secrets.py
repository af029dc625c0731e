"""What checks the signatures of webhooks, unwrapped from the settings."""

from app.settings import Settings
from channels.webhooks import FacebookSecrets, ZaloSecrets


def facebook_secrets(settings: Settings) -> FacebookSecrets:
    config = settings.channels.facebook
    token = config.verify_token
    return FacebookSecrets(
        tuple(secret.get_secret_value().encode() for secret in config.app_secrets),
        token.get_secret_value().encode() if token is not None else None,
    )


def zalo_secrets(settings: Settings) -> ZaloSecrets:
    config = settings.channels.zalo
    return ZaloSecrets(
        config.app_id,
        tuple(secret.get_secret_value().encode() for secret in config.oa_secret_keys),
        frozenset(config.domain_codes),
    )
