"""How Getfly is called: a key in a header, JSON both ways, lists page by page.

Source: https://developer.getfly.vn/docs/6.1/intro
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_sync.connectors.errors import AuthRefused, CrmAway
from crm_sync.connectors.getfly.failures import error_of
from crm_sync.connectors.http import Answer, JsonClient

Row = dict[str, Any]
PAGE = 200
"""Rows of one call; a row may hold a description of 70 kB."""
_PAGES_MAX = 10_000
_REPEATED = 10
"""Every tenth row of a page is asked for again with the next one, where rows may move."""
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class GetflyAccount:
    """`url` is the shop's own, https://shop.getflycrm.com; `key` is made in its settings."""

    url: str
    key: str = field(repr=False)


class GetflyApi:
    """Raises the errors of crm_sync/connectors/errors.py."""

    def __init__(self, account: GetflyAccount, http: JsonClient | None = None) -> None:
        self._url = account.url.rstrip("/")
        self._key = account.key.strip()
        self._http = http or JsonClient()

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """What Getfly answers. Raises RecordGone: 404."""
        if not self._key.isprintable():  # it would be two headers
            raise AuthRefused("malformed_key")
        headers = {"X-API-KEY": self._key, "Accept": "application/json"}
        url = f"{self._url}{path}"
        answer = await self._http.call(method, url, json=body, query=query, headers=headers)
        return _result(answer, reading=method == "GET")

    async def rows(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        most: int | None = None,
        moving: bool = False,
    ) -> list[Row]:
        """All rows of a list, `most` at least if there are more. With `moving` pages overlap, so
        that a row which others push about is told twice rather than never.
        """
        found: list[Row] = []
        offset = 0
        for _ in range(_PAGES_MAX):
            page = {**(query or {}), "limit": str(PAGE), "offset": str(offset)}
            answer = await self.call("GET", path, query=page)
            told = _told(answer)
            found += told
            enough = most is not None and len(found) >= most
            if not told or enough or isinstance(answer, list) or not answer.get("has_more"):
                return found
            offset += len(told) - (len(told) // _REPEATED if moving else 0)
        raise CrmAway("list_does_not_end")

    async def close(self) -> None:
        await self._http.close()


def _told(answer: Any) -> list[Row]:
    """The older documents show lists without an envelope."""
    told = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(told, list):
        raise CrmAway("not_a_list")
    return [one for one in told if isinstance(one, dict)]


def _result(answer: Answer, *, reading: bool) -> Any:
    """Raises CrmAway: that was not Getfly, or not its answer."""
    if not isinstance(answer.json, dict | list):
        raise CrmAway(f"http_{answer.status}_not_json")
    body = answer.json if isinstance(answer.json, dict) else {}
    if answer.status >= _REFUSED or body.get("error"):
        raise error_of(answer.status, body, reading=reading)
    return answer.json
