"""How Odoo is called: a model, a method, ids and named arguments, whatever the protocol.

JSON-RPC works on every version up to 21; JSON-2 (19 and later) takes the same words as the body
of `POST /json/2/<model>/<method>`, so it fits behind the same Protocol.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from crm_sync.connectors.errors import AuthRefused, CrmAway
from crm_sync.connectors.http import Answer, JsonClient
from crm_sync.connectors.odoo.failures import error_of


@dataclass(frozen=True, slots=True)
class OdooAccount:
    """Whose rights we have. `secret` is the password, or (14 and later) an API key."""

    url: str
    database: str
    login: str
    secret: str = field(repr=False)


class OdooTransport(Protocol):
    """Calls methods of models. Raises the errors of crm_sync/connectors/errors.py."""

    async def sign_in(self) -> None:
        """Ask anew whether the credentials work. Raises AuthRefused, CrmAway."""
        ...

    async def version(self) -> int:
        """The major version of the server."""
        ...

    async def call(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Any:
        """The method's own result. `ids` for a method of records, none for one of the model.

        One call is one transaction. In the language of the user, unless `context` says another.
        """
        ...

    async def close(self) -> None: ...


class JsonRpc:
    """`POST /jsonrpc`: every answer is a 200, an error too.

    Source: https://www.odoo.com/documentation/11.0/webservices/odoo.html
    """

    def __init__(self, account: OdooAccount, http: JsonClient | None = None) -> None:
        self._account = account
        self._url = f"{account.url.rstrip('/')}/jsonrpc"
        self._http = http or JsonClient()
        self._signing_in = asyncio.Lock()
        self._uid: int | None = None
        self._language: str | None = None
        self._version: int | None = None

    async def sign_in(self) -> None:
        self._uid = None
        await self._user()

    async def version(self) -> int:
        if self._version is None:
            told = await self._service("common", "version", [])
            self._version = major(told["server_version_info"][0])
        return self._version

    async def call(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Any:
        uid = await self._user()
        language = {"lang": self._language} if self._language else {}
        named["context"] = {**language, **(context or {})}
        return await self._execute(uid, model, method, [] if ids is None else [list(ids)], named)

    async def close(self) -> None:
        await self._http.close()

    async def _user(self) -> int:
        """Our id as a user, asked for once."""
        async with self._signing_in:
            if self._uid is None:
                uid = await self._service("common", "authenticate", [*self._who(), {}])
                if not isinstance(uid, int) or isinstance(uid, bool):  # refusing is no error
                    raise AuthRefused("wrong_login_or_password")
                self._language = await self._language_of(uid)
                self._uid = uid
            return self._uid

    async def _language_of(self, uid: int) -> str | None:
        """Tags are to be found under the names that people see."""
        rows = await self._execute(uid, "res.users", "read", [[uid]], {"fields": ["lang"]})
        return rows[0]["lang"] or None if rows else None

    def _who(self) -> list[Any]:
        return [self._account.database, self._account.login, self._account.secret]

    async def _execute(
        self, uid: int, model: str, method: str, positional: list[Any], named: dict[str, Any]
    ) -> Any:
        who = [self._account.database, uid, self._account.secret]
        try:
            words = [*who, model, method, positional, named]
            return await self._service("object", "execute_kw", words)
        except AuthRefused:
            self._uid = None
            raise

    async def _service(self, service: str, method: str, arguments: list[Any]) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        return _result(await self._http.call("POST", self._url, json=body))


def major(told: int | str) -> int:
    """Of the first part of a version: 11, or "saas~17" of Odoo's own servers."""
    found = re.search(r"\d+", str(told))
    return int(found[0]) if found else 0


def _result(answer: Answer) -> Any:
    """Raises CrmAway: that was not Odoo, or not its answer."""
    if not isinstance(answer.json, dict):
        raise CrmAway(f"http_{answer.status}_not_json")
    if (error := answer.json.get("error")) is not None:
        raise error_of(error)
    return answer.json.get("result")
