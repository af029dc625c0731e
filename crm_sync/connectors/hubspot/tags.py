"""Tags: the options of a property of multiple checkboxes, by the labels that people see.

HubSpot stores the options' values, joined by ";". People may give a value another label at any
time, so options are read anew whenever they are needed.

Source: https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from crm_sync.connectors.errors import InvalidValue, MappingBroken, RecordGone
from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.failures import NotPermitted
from crm_sync.connectors.hubspot.metadata import PROPERTIES
from crm_sync.connectors.hubspot.values import clean

BETWEEN = ";"
_VALUE_MAX = 60
"""Characters; the value of a longer label is its hash."""

_Option = Mapping[str, Any]
"""`{label, value, displayOrder, hidden, description}`."""


class Tags:
    """What records carry, and what to write for tags that come and go."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    async def labels(self, field: str) -> Mapping[str, str]:
        """The names that people see, by value."""
        told = await self._property(field)
        return {str(one["value"]): str(one["label"]) for one in _options(told)}

    async def written(
        self, field: str, raw: str | None, add: Iterable[str], remove: Iterable[str]
    ) -> str:
        """The new value of a record that has `raw`: every other tag of it stays. Options that
        are missing are made.

        Raises:
            InvalidValue: a tag is not there and may not be made.
            MappingBroken: the property is gone.
        """
        adding = list(dict.fromkeys(shown for one in add if (shown := _shown(one))))
        told = await self._property(field)
        if any(_value(_options(told), label) is None for label in adding):
            told = await self._with(field, told, adding)
        options = _options(told)
        gone = {_value(options, _shown(one)) for one in remove}
        there = {str(one["value"]) for one in options}  # HubSpot takes no deleted one back
        coming = [value for label in adding if (value := _value(options, label)) is not None]
        kept = [value for value in values_in(raw) if value in there - gone]
        return BETWEEN.join(dict.fromkeys([*kept, *coming]))

    async def _property(self, field: str) -> Mapping[str, Any]:
        try:
            return await self._hubspot.get(f"{PROPERTIES}/{field}")
        except RecordGone:
            raise MappingBroken("no_such_field", fields=(field,)) from None

    async def _with(
        self, field: str, told: Mapping[str, Any], labels: Iterable[str]
    ) -> Mapping[str, Any]:
        """Make the options that are missing.

        HubSpot takes only the whole list, so those that are there are written back as they were
        a moment ago. Of two who add at the very same moment one may undo the other; HubSpot then
        refuses the value of the record, and connector.py begins again.
        """
        if (told.get("modificationMetadata") or {}).get("readOnlyDefinition"):
            raise InvalidValue("no_such_tag", fields=(field,))
        options = _options(told)
        for label in labels:
            if _value(options, label) is None:
                options.append(_new_option(options, label))
        try:
            return await self._hubspot.patch(f"{PROPERTIES}/{field}", {"options": options})
        except NotPermitted as refused:
            detail, reference = refused.detail, refused.reference
            raise InvalidValue(detail, fields=(field,), reference=reference) from None
        except InvalidValue as wrong:
            detail, reference = wrong.detail, wrong.reference
            raise InvalidValue(detail, fields=(field,), reference=reference) from None


def values_in(raw: str | None) -> list[str]:
    return [value for value in (raw or "").split(BETWEEN) if value]


def _options(told: Mapping[str, Any]) -> list[_Option]:
    return list(told.get("options") or ())


def _value(options: Iterable[_Option], label: str) -> str | None:
    """Of the very label, or of one that differs in case only: HubSpot has no second one then."""
    alike: str | None = None
    for one in options:
        if one["label"] == label:
            return str(one["value"])
        if str(one["label"]).casefold() == label.casefold():
            alike = str(one["value"])
    return alike


def _new_option(options: Iterable[_Option], label: str) -> _Option:
    """Its value is its label, unless people have given that very value another label."""
    taken = {str(one["value"]).casefold() for one in options}
    value = label.replace(BETWEEN, ",")
    if len(value) > _VALUE_MAX or value.casefold() in taken:
        value = hashlib.blake2b(label.encode(), digest_size=8).hexdigest()
    number, numbered = 0, value
    while numbered.casefold() in taken:
        number += 1
        numbered = f"{value}_{number}"
    return {"label": label, "value": numbered, "displayOrder": -1, "hidden": False}


def _shown(label: str) -> str:
    """As HubSpot keeps it: without blanks around it."""
    return clean(label).strip()
