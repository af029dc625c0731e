"""The apps that the inbox is to the simulated platforms: ids and secrets of both."""

import hashlib
import hmac
from dataclasses import dataclass, field

from app.demo.keys import DemoSecrets


@dataclass(frozen=True, slots=True)
class Apps:
    """What the inbox's Meta app and Zalo app are known by, and what webhooks are signed with."""

    facebook_app_id: str
    facebook_app_secret: str = field(repr=False)
    zalo_app_id: str
    zalo_app_secret: str = field(repr=False)
    zalo_oa_secret_key: str = field(repr=False)

    @classmethod
    def of(cls, secrets: DemoSecrets) -> "Apps":
        return cls(
            secrets.facebook_app_id,
            secrets.facebook_app_secret,
            secrets.zalo_app_id,
            secrets.zalo_app_secret,
            secrets.zalo_oa_secret_key,
        )

    @classmethod
    def for_tests(cls, seed: int) -> "Apps":
        """Always the same for the same seed: a test can start its service with them."""

        def word(name: str) -> str:
            return hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=16).hexdigest()

        return cls(
            f"1{seed:015d}",
            word("facebook app secret"),
            f"2{seed:018d}",
            word("zalo app secret"),
            word("zalo oa secret key"),
        )


def proof(app_secret: str, access_token: str) -> str:
    """The appsecret_proof of a token: both platforms compute it alike."""
    return hmac.digest(app_secret.encode(), access_token.encode(), "sha256").hex()
