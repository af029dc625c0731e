"""The Zalo Official Account API over HTTP: one method per call, errors as the SendError tree."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

import orjson

from channels.breaker import Breakers
from channels.config import ZaloConfig
from channels.http import Call, FilePart, HttpClient, MaybeSent, NotSent, Timeouts
from channels.zalo.answers import Json, data_of, error_number, not_zalos, payload_of, rows_of
from channels.zalo.failures import DEAD_TOKEN_NUMBERS, RateLimited
from channels.zalo.limits import (
    CALLS_AT_ONCE,
    CALLS_PER_MINUTE,
    CONVERSATION_PAGE_MOST,
    RATE_LIMITED_NUMBER,
    RATE_PAUSE,
)
from inbox.mongo.buckets import Buckets
from inbox.ports import SendUnavailable, SendUncertain

_Result = TypeVar("_Result")


class AccessTokens(Protocol):
    """Gives the access token of an account (channels/zalo/tokens.py)."""

    async def access_token(self, account_key: str) -> str:
        """Raises AccountUnusable, SendUnavailable."""
        ...

    async def renewed(self, account_key: str, refused: str) -> str:
        """Another one, because Zalo refused this one. Raises AccountUnusable, SendUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file for Zalo; the name must end in the extension of its type."""

    name: str
    mime: str
    data: bytes

    def part(self) -> FilePart:
        return FilePart("file", self.name, self.mime, len(self.data), _once(self.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the API. `path` without a leading slash; `body` is sent as JSON.

    `sends`: a customer sees it, so it is worth waiting longer for its answer.
    """

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Json | None = None
    file: UploadedFile | None = None
    sends: bool = False


class ZaloApi:
    """Calls with an access token at hand; `ZaloClient` calls with an account's."""

    def __init__(self, http: HttpClient, config: ZaloConfig, buckets: Buckets) -> None:
        self._http = http
        self._config = config
        self._buckets = buckets
        self._bucket = f"zalo:{config.app_id}"

    async def answer(self, request: Request, access_token: str) -> Json:
        """The answer to a call, whatever its `error` says.

        Raises:
            SendUnavailable: nothing was taken (no connection, too many calls).
            SendRefused: HTTP says that the request is too large.
            SendUncertain: silence, or an answer that is not Zalo's.
        """
        await self._admit()
        try:
            answer = await self._http.call(self._call(request, access_token))
        except NotSent as error:
            raise SendUnavailable(f"no connection: {error}") from error
        except MaybeSent as error:
            raise SendUncertain(f"no answer: {error}") from error
        payload = payload_of(answer)
        number = error_number(payload)
        if number is None:
            raise not_zalos(answer)
        if number == RATE_LIMITED_NUMBER:
            await self._buckets.pause(self._bucket, RATE_PAUSE.total_seconds())
        return payload

    async def account_info(self, access_token: str) -> Json:
        """`getoa` with a token that is not kept yet: oaid, name, oa_type, package_name, ...

        Raises:
            SendError: as `ZaloClient`; TokenDead for a token that Zalo refuses.
        """
        return data_of(await reading(self.answer(GETOA, access_token)))

    async def _admit(self) -> None:
        """All processes and OAs of the app share one bucket."""
        wait_s = await self._buckets.take(self._bucket, CALLS_PER_MINUTE / 60, CALLS_AT_ONCE)
        if wait_s > 0:
            raise RateLimited("our own limit", retry_after_s=wait_s, tried=False)

    def _call(self, request: Request, access_token: str) -> Call:
        config = self._config
        whole = config.send_timeout if request.sends else config.timeout
        whole = whole if request.file is None else config.upload_timeout
        return Call(
            method=request.method,
            url=f"{config.api_url.rstrip('/')}/{request.path}",
            query=request.query or {},
            headers={"access_token": access_token} | self._proof(access_token),
            json=request.body,
            file=request.file.part() if request.file is not None else None,
            timeouts=Timeouts(config.connect_timeout, whole, whole),
        )

    def _proof(self, access_token: str) -> dict[str, str]:
        """For apps that demand it: HMAC of the token, keyed with the app secret."""
        secret = self._config.app_secret
        if not self._config.app_secret_proof or secret is None:
            return {}
        key = secret.get_secret_value().encode()
        return {"appsecret_proof": hmac.new(key, access_token.encode(), sha256).hexdigest()}


class ZaloClient:
    """Calls for connected accounts: their token is found, and refreshed once when it is dead.

    Every method raises the SendError tree of inbox/ports.py by Zalo's error number
    (channels/zalo/failures.py). Methods that only read never raise SendUncertain.
    """

    def __init__(self, api: ZaloApi, tokens: AccessTokens, breakers: Breakers) -> None:
        self._api = api
        self._tokens = tokens
        self._breakers = breakers

    async def send_to_user(self, account_key: str, user_id: str, message: Json) -> Json:
        """A consultation message; `data` with message_id and perhaps quota."""
        return await self._send(
            account_key, "v3.0/oa/message/cs", {"user_id": user_id}, message=message
        )

    async def send_to_group(self, account_key: str, group_id: str, message: Json) -> Json:
        return await self._send(
            account_key, "v3.0/oa/group/message", {"group_id": group_id}, message=message
        )

    async def send_to_visitor(
        self, account_key: str, anonymous_id: str, conversation_id: str, message: Json
    ) -> Json:
        """To somebody without a Zalo identity, in the conversation that they began."""
        recipient = {"anonymous_id": anonymous_id, "conversation_id": conversation_id}
        return await self._send(account_key, "v2.0/oa/message", recipient, message=message)

    async def react(self, account_key: str, user_id: str, message_id: str, icon: str) -> None:
        """React to a message; `icon` is Zalo's word, "/-remove" takes the reaction back."""
        action = {"react_icon": icon, "react_message_id": message_id}
        await self._send(account_key, "v2.0/oa/message", {"user_id": user_id}, sender_action=action)

    async def upload_image(self, account_key: str, file: UploadedFile) -> str | None:
        """JPEG or PNG; its attachment_id for seven days. None: Zalo took it and gave nothing."""
        return await self._upload(account_key, "image", file, "attachment_id")

    async def upload_gif(self, account_key: str, file: UploadedFile) -> str | None:
        return await self._upload(account_key, "gif", file, "attachment_id")

    async def upload_file(self, account_key: str, file: UploadedFile) -> str | None:
        """PDF, DOC, DOCX, CSV; its token for seven days."""
        return await self._upload(account_key, "file", file, "token")

    async def user_detail(self, account_key: str, user_id: str) -> Json:
        return data_of(await self._get(account_key, "v3.0/oa/user/detail", {"user_id": user_id}))

    async def recent_chats(
        self, account_key: str, offset: int = 0, count: int = CONVERSATION_PAGE_MOST
    ) -> list[Json]:
        """The latest messages over all users, newest first: each row is a message."""
        asked = {"offset": offset, "count": count}
        return rows_of(await self._get(account_key, "v2.0/oa/listrecentchat", asked))

    async def conversation(
        self, account_key: str, user_id: str, offset: int = 0, count: int = CONVERSATION_PAGE_MOST
    ) -> list[Json]:
        """Messages with one user, newest first; `src` 0 came from the OA, `time` in ms."""
        asked = {"user_id": user_id, "offset": offset, "count": count}
        return rows_of(await self._get(account_key, "v2.0/oa/conversation", asked))

    async def quota_of_user(self, account_key: str, user_id: str) -> Json:
        """`last_interaction` (ms as text), cs_reply, promotion."""
        return data_of(await self._ask_quota(account_key, {"user_id": user_id}))

    async def quota_of_account(self, account_key: str) -> list[Json]:
        """Rows of product_type, quota_type, total, remain, valid_through "dd/MM/yyyy"."""
        return rows_of(await self._ask_quota(account_key, {"quota_owner": "OA"}))

    async def account_info(self, account_key: str) -> Json:
        """`getoa`: oaid, name, oa_type, package_name, ..."""
        return data_of(await reading(self._call(account_key, GETOA)))

    async def _send(self, account_key: str, path: str, recipient: Json, **rest: Json) -> Json:
        body = {"recipient": recipient, **rest}
        request = Request(method="POST", path=path, body=body, sends=True)
        return data_of(await self._call(account_key, request))

    async def _upload(
        self, account_key: str, kind: str, file: UploadedFile, field: str
    ) -> str | None:
        request = Request(method="POST", path=f"v2.0/oa/upload/{kind}", file=file)
        found = data_of(await reading(self._call(account_key, request))).get(field)
        return found if isinstance(found, str) and found else None

    async def _get(self, account_key: str, path: str, asked: Json) -> Json:
        """GET parameters are one JSON text in `data`."""
        query = {"data": orjson.dumps(asked).decode()}
        return await reading(self._call(account_key, Request(method="GET", path=path, query=query)))

    async def _ask_quota(self, account_key: str, asked: Json) -> Json:
        request = Request(method="POST", path="v3.0/oa/quota/message", body=asked)
        return await reading(self._call(account_key, request))

    async def _call(self, account_key: str, request: Request) -> Json:
        """With a dead token: refreshed once, called once more. Zalo took nothing the first time."""
        token = await self._tokens.access_token(account_key)
        payload = await self._guarded(account_key, request, token)
        if error_number(payload) in DEAD_TOKEN_NUMBERS:
            token = await self._tokens.renewed(account_key, token)
            payload = await self._guarded(account_key, request, token)
        return payload

    async def _guarded(self, account_key: str, request: Request, token: str) -> Json:
        """Behind the account's breaker: after several silences, no call for a while."""
        wait_s = self._breakers.wait_s(account_key)
        if wait_s > 0:
            raise SendUnavailable("zalo does not answer", retry_after_s=wait_s, tried=False)
        try:
            payload = await self._api.answer(request, token)
        except RateLimited:
            raise
        except (SendUnavailable, SendUncertain):
            self._breakers.failed(account_key)
            raise
        self._breakers.succeeded(account_key)
        return payload


GETOA = Request(method="GET", path="v2.0/oa/getoa")


async def reading(call: Awaitable[_Result]) -> _Result:
    """Of a call that changes nothing: no answer only means to ask again."""
    try:
        return await call
    except SendUncertain as error:
        raise SendUnavailable(error.reason) from error


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
