"""Tags: a field of several values, which are options of a list, or texts.

Bitrix24 has no tags of its own on contacts; an administrator adds such a field once.
Source: https://apidocs.bitrix24.com/api-reference/crm/contacts/userfield/crm-contact-userfield-update.html
"""

from collections.abc import Collection, Sequence
from typing import Any

from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.bitrix24.metadata import Described, Metadata
from crm_sync.connectors.bitrix24.values import clean
from crm_sync.connectors.errors import InvalidValue


class Tags:
    """What a record's tags are to be; options that are missing are made."""

    def __init__(self, webhook: Webhook, metadata: Metadata) -> None:
        self._webhook = webhook
        self._metadata = metadata

    async def changed(
        self, described: Described, raw: Any, add: Collection[str], remove: Collection[str]
    ) -> list[Any]:
        """The whole value to write; whatever else is in `raw` stays, in its order.

        Raises InvalidValue: an option is missing, and only administrators may make one.
        """
        adding, removing = [clean(one) for one in add], {clean(one) for one in remove}
        have = raw if isinstance(raw, list) else []
        if not described.is_list:
            kept = [one for one in have if one not in removing]
            return list(dict.fromkeys([*kept, *adding]))
        described = await self._with_options(described, adding)
        kept = [int(one) for one in have if described.name_of(one) not in removing]
        named = {described.name_of(one) for one in kept}
        return kept + [described.options[one] for one in adding if one not in named]

    async def _with_options(self, described: Described, tags: Sequence[str]) -> Described:
        missing = [one for one in dict.fromkeys(tags) if one not in described.options]
        if not missing:
            return described
        name = described.field.name
        await self._make(name, described.upper, missing)
        described = (await self._metadata.read())[name]
        if not described.options.keys() >= set(missing):
            raise InvalidValue("option_was_not_made", fields=(name,))
        return described

    async def _make(self, name: str, upper: str, tags: Sequence[str]) -> None:
        """Options that are not named stay as they are."""
        try:
            found = await self._webhook.call(
                "crm.contact.userfield.list", filter={"FIELD_NAME": upper}
            )
            options = [{"VALUE": one} for one in tags]
            await self._webhook.call(
                "crm.contact.userfield.update", id=int(found[0]["ID"]), fields={"LIST": options}
            )
        except (InvalidValue, IndexError):
            raise InvalidValue("may_not_make_options", fields=(name,)) from None
