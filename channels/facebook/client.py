"""The Graph API over HTTP: one method per call, results as JSON objects, faults as numbers."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import orjson

from channels.config import FacebookConfig
from channels.facebook.answers import JsonObject, result_of
from channels.http import Call, FilePart, HttpClient, MaybeSent, Timeouts

Platform = Literal["messenger", "instagram"]
SenderAction = Literal["typing_on", "typing_off", "mark_seen"]


@dataclass(frozen=True, slots=True)
class PageAccess:
    """The page that calls are made for: its id, or "me" (the page of the token), and its token.

    Instagram accounts are reached through their page's node, not through their own.
    """

    page: str
    token: str = field(repr=False)


class GraphClient:
    """Calls with a page's token, in a header so that no log of URLs holds it.

    Every method raises:
        GraphError: the answer is a fault (channels/facebook/failures.py says what it means).
        NotSent, MaybeSent: there was no answer (channels/http.py).
    """

    def __init__(self, http: HttpClient, config: FacebookConfig) -> None:
        self._http = http
        self._base = f"{config.api_url.rstrip('/')}/{config.api_version}"
        self._quick = Timeouts(config.connect_timeout, config.timeout, config.timeout)
        sending, uploading = config.send_timeout, config.upload_timeout
        self._sending = Timeouts(config.connect_timeout, sending, sending)
        self._uploading = Timeouts(config.connect_timeout, uploading, uploading)
        secrets = config.app_secrets
        self._app_secret = secrets[0].get_secret_value().encode() if secrets else None

    async def send(self, access: PageAccess, message: JsonObject) -> JsonObject:
        """One call of the Send API; {"recipient_id"?, "message_id"}, once and without a repeat.

        Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api/
        """
        return await self._post(access, f"{access.page}/messages", message, self._sending)

    async def act(self, access: PageAccess, recipient_id: str, action: SenderAction) -> None:
        """Show that somebody types, or that the message was seen."""
        message = {"recipient": {"id": recipient_id}, "sender_action": action}
        await self.post(access, f"{access.page}/messages", message)

    async def upload(
        self, access: PageAccess, platform: Platform, kind: str, file: FilePart
    ) -> str:
        """The attachment id of `file`, good for 90 days and for this page only.

        `kind` is image, video, audio or file. Repeating it is harmless: nobody sees an upload.
        Source: https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api
        """
        attachment = {"type": kind, "payload": {"is_reusable": True}}
        form = {"message": orjson.dumps({"attachment": attachment}).decode()}
        if platform == "instagram":
            form["platform"] = "instagram"
        result = await self._call(
            Call(
                method="POST",
                url=f"{self._base}/{access.page}/message_attachments",
                query=self._proof(access.token),
                headers=_authorization(access.token),
                form=form,
                file=file,
                timeouts=self._uploading,
            )
        )
        attachment_id = result.get("attachment_id")
        if not isinstance(attachment_id, str | int) or not attachment_id:
            raise MaybeSent("NoAttachmentId")
        return str(attachment_id)

    async def profile(
        self, access: PageAccess, person_id: str, fields: tuple[str, ...]
    ) -> JsonObject:
        """What Meta tells of a person; {} when it keeps everything to itself.

        Source: https://developers.facebook.com/docs/messenger-platform/identity/user-profile
        """
        return await self.get(access, person_id, {"fields": ",".join(fields)})

    async def conversation_with(
        self, access: PageAccess, platform: Platform, person_id: str, fields: str
    ) -> JsonObject | None:
        """The conversation of the page with one person, with `fields`; None when there is none.

        Source: https://developers.facebook.com/docs/messenger-platform/conversations
        """
        query = {"platform": platform, "user_id": person_id, "fields": fields}
        result = await self.get(access, f"{access.page}/conversations", query)
        found = result.get("data")
        first = found[0] if isinstance(found, list) and found else None
        return first if isinstance(first, dict) else None

    async def answer_comment(
        self, access: PageAccess, platform: Platform, comment_id: str, text: str
    ) -> JsonObject:
        """Answer a comment publicly; {"id": of the new comment}.

        Source: https://developers.facebook.com/docs/graph-api/reference/object/comments
        """
        path = f"{comment_id}/{_REPLIES[platform]}"
        return await self._post(access, path, {"message": text}, self._sending)

    async def answers_of_comment(
        self, access: PageAccess, platform: Platform, comment_id: str
    ) -> list[JsonObject]:
        """The newest answers to a comment: id, message|text, from, created_time|timestamp."""
        query = {"fields": _COMMENT_FIELDS[platform], "limit": "25"}
        if platform == "messenger":
            query["order"] = "reverse_chronological"
        result = await self.get(access, f"{comment_id}/{_REPLIES[platform]}", query)
        return objects(result.get("data"))

    async def hide_comment(
        self, access: PageAccess, platform: Platform, comment_id: str, *, hidden: bool
    ) -> None:
        """Hide a comment from everybody but its author and their friends, or show it again.

        Source: https://developers.facebook.com/docs/graph-api/reference/comment#updating and
        https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment
        """
        await self.post(access, comment_id, {_HIDING[platform]: hidden})

    async def like_comment(self, access: PageAccess, comment_id: str, *, liked: bool) -> None:
        """Like a comment as the page, or take it back; Facebook only.

        Source: https://developers.facebook.com/docs/graph-api/reference/object/likes
        """
        if liked:
            await self.post(access, f"{comment_id}/likes", {})
        else:
            await self.delete(access, f"{comment_id}/likes")

    async def conversation_of_comment(
        self, access: PageAccess, comment_id: str, fields: str
    ) -> JsonObject | None:
        """The conversation that a private answer to a comment has begun; None without one.

        Source: https://developers.facebook.com/docs/graph-api/reference/comment
        """
        query = {"fields": f"private_reply_conversation{{{fields}}}"}
        found = (await self.get(access, comment_id, query)).get("private_reply_conversation")
        return found if isinstance(found, dict) else None

    async def get(self, access: PageAccess, path: str, query: Mapping[str, str]) -> JsonObject:
        """Read any node or edge; `path` without a leading slash."""
        return await self._call(
            Call(
                method="GET",
                url=f"{self._base}/{path}",
                query={**query, **self._proof(access.token)},
                headers=_authorization(access.token),
                timeouts=self._quick,
            )
        )

    async def post(self, access: PageAccess, path: str, body: JsonObject) -> JsonObject:
        """Change any node or edge; `path` without a leading slash."""
        return await self._post(access, path, body, self._quick)

    async def _post(
        self, access: PageAccess, path: str, body: JsonObject, timeouts: Timeouts
    ) -> JsonObject:
        return await self._call(
            Call(
                method="POST",
                url=f"{self._base}/{path}",
                query=self._proof(access.token),
                headers=_authorization(access.token),
                json=body,
                timeouts=timeouts,
            )
        )

    async def delete(self, access: PageAccess, path: str) -> JsonObject:
        """Remove any node or edge; `path` without a leading slash."""
        return await self._call(
            Call(
                method="DELETE",
                url=f"{self._base}/{path}",
                query=self._proof(access.token),
                headers=_authorization(access.token),
                timeouts=self._quick,
            )
        )

    async def _call(self, call: Call) -> JsonObject:
        return result_of(await self._http.call(call))

    def _proof(self, token: str) -> dict[str, str]:
        """Shows that the caller has the app secret too: the token alone is then worthless.

        Source: https://developers.facebook.com/docs/graph-api/guides/secure-requests
        """
        if self._app_secret is None:
            return {}
        return {"appsecret_proof": hmac.new(self._app_secret, token.encode(), sha256).hexdigest()}


_REPLIES: Mapping[Platform, str] = {"messenger": "comments", "instagram": "replies"}
_HIDING: Mapping[Platform, str] = {"messenger": "is_hidden", "instagram": "hide"}
_COMMENT_FIELDS: Mapping[Platform, str] = {
    "messenger": "id,message,from,created_time",
    "instagram": "id,text,from,timestamp",
}


def objects(value: Any) -> list[JsonObject]:
    """The objects of a JSON list; anything else is skipped."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
