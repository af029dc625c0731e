"""Reads the names and pictures of people on Messenger and Instagram."""

from collections.abc import Awaitable, Mapping

from channels.facebook.access import PageAccounts
from channels.facebook.answers import JsonObject
from channels.facebook.client import GraphClient, Platform, objects
from channels.facebook.failures import (
    GraphError,
    GraphFault,
    PermissionMissing,
    failure_of,
)
from channels.facebook.traffic import HISTORY, Traffic
from channels.http import MaybeSent, NotSent
from inbox.conversations.model import Channel, IdentityRef
from inbox.ids import account_key
from inbox.ports import (
    AccountRef,
    Profile,
    ProfileRefused,
    ProfileUnavailable,
    SendError,
    SendRefused,
)

REFUSING_NUMBERS = frozenset({2018218, 2018247})
"""As code or subcode: no profile (a phone-number account), or not permitted.
https://developers.facebook.com/docs/messenger-platform/error-codes"""
_PLATFORMS: Mapping[Channel, Platform] = {"facebook": "messenger", "instagram": "instagram"}
_FIELDS: Mapping[Platform, tuple[str, ...]] = {
    "messenger": ("id", "name", "first_name", "last_name", "profile_pic"),
    "instagram": ("id", "name", "username", "profile_pic"),
}


class FacebookProfiles:
    """Implements `ProfileSource` of inbox/ports.py for Facebook and Instagram.

    Where the profile is closed, the conversation's list of participants often has the name.
    """

    def __init__(self, client: GraphClient, accounts: PageAccounts, traffic: Traffic) -> None:
        self._client = client
        self._accounts = accounts
        self._traffic = traffic

    async def fetch(self, identity: IdentityRef) -> Profile:
        """Name and picture; the picture's link expires.

        Raises:
            ProfileRefused: Meta keeps this person's name to itself.
            ProfileUnavailable: no answer, throttled, or the account's token is dead.
        """
        platform = _PLATFORMS.get(identity.channel)
        if platform is None:
            raise ProfileRefused(f"not a channel of Meta: {identity.channel}")
        try:
            profile = await self._fetch(platform, identity)
        except SendError as error:
            raise ProfileUnavailable(error.code) from error
        except GraphError as error:
            raise ProfileUnavailable(error.fault.number) from error
        except (NotSent, MaybeSent) as error:
            raise ProfileUnavailable(str(error)) from error
        if profile is None:
            raise ProfileRefused("no name")
        return profile

    async def _fetch(self, platform: Platform, identity: IdentityRef) -> Profile | None:
        key = account_key(identity.channel, identity.account_id)
        account = AccountRef(key, identity.channel, identity.account_id)
        access = await self._accounts.access(account)
        found = await _unless_refused(
            self._client.profile(access, identity.external_id, _FIELDS[platform])
        )
        profile = profile_of(found or {})
        if profile is not None:
            return profile
        await self._traffic.turn(key, HISTORY)
        conversation = await _unless_refused(
            self._client.conversation_with(access, platform, identity.external_id, "participants")
        )
        return _participant(conversation or {}, identity.external_id)


async def _unless_refused(call: Awaitable[JsonObject | None]) -> JsonObject | None:
    try:
        return await call
    except GraphError as error:
        if is_refusal(error.fault):
            return None
        raise


def _participant(conversation: JsonObject, person_id: str) -> Profile | None:
    participants = conversation.get("participants")
    listed = objects(participants.get("data")) if isinstance(participants, dict) else []
    found = [one for one in listed if str(one.get("id")) == person_id]
    return profile_of(found[0]) if found else None


def profile_of(found: JsonObject) -> Profile | None:
    """What Meta tells: `name` alone, first and last name, or an Instagram user name.

    None where there is no name: an id or a picture alone names nobody.
    """
    both = " ".join(
        part for part in (_text(found, "first_name"), _text(found, "last_name")) if part
    )
    name = _text(found, "name") or both or _text(found, "username")
    return Profile(name, _text(found, "profile_pic") or None) if name else None


def is_refusal(fault: GraphFault) -> bool:
    """Whether asking again soon is useless, for this person or with these permissions."""
    refusing = bool(REFUSING_NUMBERS & {fault.code, fault.subcode})
    return refusing or isinstance(failure_of(fault), SendRefused | PermissionMissing)


def _text(found: JsonObject, field: str) -> str:
    value = found.get(field)
    return value.strip() if isinstance(value, str) else ""
