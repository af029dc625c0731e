"""What Graph tells of people and pages, and the Messenger profile that a program sets.

Source: https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api
and https://developers.facebook.com/docs/messenger-platform/identity/user-profile
"""

from collections.abc import Mapping
from typing import Any

import orjson

from channels.messenger_gateway.errors import invalid, unknown_object
from channels.messenger_gateway.model import GraphCall, app_id_of
from channels.messenger_gateway.store import GatewayStore
from inbox.conversations.view import avatar_of
from inbox.media.links import MediaLinks
from inbox.placeholders import given_name

Json = dict[str, Any]

PROFILE_FIELDS = frozenset(
    {
        "get_started",
        "greeting",
        "persistent_menu",
        "ice_breakers",
        "whitelisted_domains",
        "account_linking_url",
        "home_url",
        "payment_settings",
        "target_audience",
        "commands",
        "title",
    }
)
LARGEST_PROFILE = 64 * 1024
"""Bytes of JSON in one call; menus have some hundreds."""
_DEFAULT_FIELDS = ("first_name", "last_name", "profile_pic")
LOCALE = "vi_VN"
TIMEZONE = 7
"""Hours from UTC. Neither platform tells them: customers are taken for Vietnamese."""


class Profiles:
    """GET of people, of the page and of the app; all of `messenger_profile`."""

    def __init__(self, store: GatewayStore, links: MediaLinks, base_url: str) -> None:
        self._store = store
        self._links = links
        self._base_url = base_url

    async def person(self, call: GraphCall) -> Json:
        """The public profile of a customer, as far as it was asked for and is known."""
        person_id = call.path[0]
        party = await self._store.thread(call.automation.bot_id, person_id)
        if party is None:
            raise unknown_object(person_id)
        customer = await self._store.customer(party.customer_id) or {}
        wanted = call.names("fields") or _DEFAULT_FIELDS
        known = self._known(customer, person_id)
        chosen = {name: known[name] for name in wanted if known.get(name) is not None}
        return {**chosen, "id": person_id}

    def _known(self, customer: Mapping[str, Any], person_id: str) -> Json:
        """Vietnamese names: the family name comes first, the given name last."""
        name = customer.get("name")
        given = given_name(name)
        family = " ".join((name or "").split()[:-1]) or None
        return {
            "name": name,
            "first_name": given,
            "last_name": family,
            "profile_pic": self._picture(customer, person_id),
            "locale": LOCALE,
            "timezone": TIMEZONE,
        }

    def _picture(self, customer: Mapping[str, Any], person_id: str) -> str | None:
        """Their picture on this channel before that on others."""
        identities = customer.get("identities") or ()
        same = [one for one in identities if one.get("external_id") == person_id]
        pictures = (avatar_of(customer["_id"], one) for one in (*same, *identities))
        address = next((one for one in pictures if one), None)
        return None if address is None else self._base_url + self._links.signed(address)

    async def page(self, call: GraphCall) -> Json:
        """Who the token speaks for."""
        known = {"id": call.page_id, "name": call.automation.name}
        wanted = call.names("fields")
        return {name: known[name] for name in known if not wanted or name in {*wanted, "id"}}

    async def app(self, call: GraphCall) -> Json:
        return {"id": app_id_of(call.automation), "name": call.automation.name}

    async def token(self, call: GraphCall) -> Json:
        """GET debug_token: the token that asks is the one that is described."""
        data = {
            "app_id": app_id_of(call.automation),
            "type": "PAGE",
            "application": call.automation.name,
            "is_valid": True,
            "expires_at": 0,
            "profile_id": call.page_id,
            "scopes": ["pages_messaging", "pages_manage_metadata"],
        }
        return {"data": data}

    # The Messenger profile

    async def read(self, call: GraphCall) -> Json:
        """One object with what is set of the fields that were asked for; an empty list if none."""
        fields = (await self._store.profile(call.automation.id)).fields
        wanted = call.names("fields") or sorted(PROFILE_FIELDS)
        found = {name: fields[name] for name in wanted if name in fields}
        return {"data": [found] if found else []}

    async def write(self, call: GraphCall) -> Json:
        fields = {name: call.given(name) for name in call.fields if name in PROFILE_FIELDS}
        if not fields:
            raise invalid("Requires one of the params: " + ",".join(sorted(PROFILE_FIELDS)))
        if len(orjson.dumps(fields)) > LARGEST_PROFILE:
            raise invalid("the profile is too large")
        started = fields.get("get_started")
        if "get_started" in fields and not (
            isinstance(started, Mapping) and started.get("payload")
        ):
            raise invalid("The parameter get_started[payload] is required")
        kept = (await self._store.profile(call.automation.id)).fields
        if "persistent_menu" in fields and "get_started" not in {**kept, **fields}:
            raise invalid(
                "You must set a Get Started button if you also wish to use a menu", 2018145
            )
        await self._store.set_profile(call.automation.id, fields)
        return {"result": "success"}

    async def delete(self, call: GraphCall) -> Json:
        names = [name for name in call.names("fields") if name in PROFILE_FIELDS]
        if not names:
            raise invalid("The parameter fields is required")
        await self._store.unset_profile(call.automation.id, names)
        return {"result": "success"}
