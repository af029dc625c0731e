"""Odoo's `load`: makes a record under an external id, or finds the one that is there.

The server keeps external ids unique in its database, so repeated and concurrent calls end with
one record. It tells success by `ids` alone: an answer without an error may have done nothing.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.odoo.client import OdooTransport
from crm_sync.connectors.odoo.failures import error_of_load

QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "active_test": False,
    "tz": "UTC",
}
"""No line in the chatter for each change, nobody made a follower, archived records seen too."""
_LEAVE = {"mode": "update", "noupdate": True}
"""Of what is there already nothing is changed: people may have, meanwhile."""
_TRIES = 4
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Loader:
    """Makes records whose external ids begin with the name of this installation."""

    def __init__(self, odoo: OdooTransport, instance: str) -> None:
        self._odoo = odoo
        self.module = f"__inbox_{_safe(instance)}__"

    def name_of(self, kind: str, our_id: str) -> str:
        """An external id without its module; neither part may hold a dot."""
        return f"{kind}_{_safe(our_id)}"

    async def find_or_make(self, model: str, name: str, cells: Mapping[str, Any]) -> int:
        """The id of the record; what is there is left as it is."""
        return await self._load(model, name, cells, {**QUIET, **_LEAVE})

    async def make_or_change(self, model: str, name: str, cells: Mapping[str, Any]) -> int:
        """The id of the record, which holds `cells` now."""
        return await self._load(model, name, cells, QUIET)

    async def _load(
        self, model: str, name: str, cells: Mapping[str, Any], context: Mapping[str, Any]
    ) -> int:
        """Of those who make the same record at once one wins; the others find it next time."""
        tries_left = _TRIES
        while True:
            answer = await self._odoo.call(
                model,
                "load",
                fields=["id", *cells],
                data=[[f"{self.module}.{name}", *cells.values()]],
                context=context,
            )
            if answer["ids"]:
                return int(answer["ids"][0])
            tries_left -= 1
            error = error_of_load(answer["messages"])
            if not tries_left or not isinstance(error, CrmAway):
                raise error


def _safe(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    return hashlib.blake2b(word.encode(), digest_size=16).hexdigest()
