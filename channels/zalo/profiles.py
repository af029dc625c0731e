"""Reads the profiles of Zalo users: implements ProfileSource of inbox/ports.py."""

from channels.zalo.attachments import web_url
from channels.zalo.client import ZaloClient
from channels.zalo.wire import mapping, optional_text
from inbox.conversations.model import IdentityRef
from inbox.ids import account_key
from inbox.ports import (
    AccountUnusable,
    Profile,
    ProfileRefused,
    ProfileUnavailable,
    SendRefused,
    SendUnavailable,
)


class ZaloProfiles:
    """Name and picture of who has written to an OA or follows it."""

    def __init__(self, client: ZaloClient) -> None:
        self._client = client

    async def fetch(self, identity: IdentityRef) -> Profile:
        """The profile of `identity`.

        Of a minor (`is_sensitive`) the name is taken and the picture is not. A phone number that
        the user shared comes by the event `user_submit_info`; here it is 0 when unknown.

        Raises:
            ProfileUnavailable: Zalo does not answer, or the OA must be connected again first.
            ProfileRefused: Zalo does not tell, or the visitor is anonymous.
        """
        if identity.channel != "zalo" or identity.temporary:
            raise ProfileRefused
        key = account_key(identity.channel, identity.account_id)
        try:
            detail = await self._client.user_detail(key, identity.external_id)
        except (SendUnavailable, AccountUnusable) as error:
            raise ProfileUnavailable(error.code) from error
        except SendRefused as error:
            raise ProfileRefused(error.code) from error
        pictures = mapping(detail.get("avatars"))
        picture = None
        if detail.get("is_sensitive") is not True:
            picture = web_url(pictures.get("240")) or web_url(detail.get("avatar"))
        return Profile(optional_text(detail.get("display_name")), picture)
