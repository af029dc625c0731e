"""The simulated Graph API: Messenger, Instagram and page comments over real HTTP.

Shapes and errors follow https://developers.facebook.com/docs/messenger-platform; every call may
be of any version, and calls without one are taken too.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_request import FileField

from app.demo.courier import Pace
from app.demo.exchange import Accepted, Call, Exchange
from app.demo.faults import Faults, Refusal
from app.demo.graph.attachments import Attachments, Upload
from app.demo.graph.comments import Comments
from app.demo.graph.errors import GraphError
from app.demo.graph.login import Login
from app.demo.graph.messages import Messages
from app.demo.graph.pages import USER_ID, Page, Pages
from app.demo.graph.reading import Reading, parse_fields
from app.demo.graph.subscriptions import Subscriptions
from app.demo.webhooks import Webhooks
from app.demo.world import Json

_USAGE = '{"call_count":1,"total_cputime":1,"total_time":1}'
_BEARER = "Bearer "
_THREAD_CONTROL = ("take_thread_control", "pass_thread_control", "release_thread_control")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it was read: the fields of its query and its body together, its token, its file."""

    fields: Json
    token: str
    upload: Upload | None = None

    @property
    def texts(self) -> dict[str, str]:
        return {name: value for name, value in self.fields.items() if isinstance(value, str)}


@dataclass(frozen=True, slots=True)
class GraphParts:
    """What the API is made of."""

    pages: Pages
    login: Login
    messages: Messages
    attachments: Attachments
    comments: Comments
    reading: Reading


class GraphApi:
    """Routes of the Graph API; also how Meta words what goes wrong (a Dialect)."""

    def __init__(self, parts: GraphParts, faults: Faults, webhooks: Webhooks, pace: Pace) -> None:
        self.pages = parts.pages
        self.login = parts.login
        self.subscriptions = Subscriptions(parts.pages.app_id)
        self.attachments = parts.attachments
        self._messages = parts.messages
        self._comments = parts.comments
        self._reading = parts.reading
        self._exchange = Exchange(faults, webhooks, pace, self)

    def register(self, application: web.Application) -> None:
        router = application.router
        for version in (r"/{version:v\d+\.\d+}", ""):
            router.add_get(f"{version}/dialog/oauth", self.login.show)
            router.add_post(f"{version}/dialog/oauth", self.login.decide)
            router.add_get(f"{version}/oauth/access_token", self._access_token)
            router.add_post(f"{version}/oauth/access_token", self._access_token)
            router.add_get(f"{version}/debug_token", self._debug_token)
            router.add_route("*", f"{version}/{{node}}/{{edge}}", self._edge)
            router.add_route("*", f"{version}/{{node}}", self._node)

    def rate_limited(self, retry_after_s: float) -> web.Response:
        minutes = max(1, round(retry_after_s / 60))
        usage = [{"type": "messenger", "call_count": 100, "total_cputime": 25, "total_time": 25}]
        usage[0]["estimated_time_to_regain_access"] = minutes
        headers = {
            "Retry-After": f"{retry_after_s:g}",
            "X-App-Usage": '{"call_count":100,"total_cputime":25,"total_time":25}',
            "X-Business-Use-Case-Usage": json.dumps({"1": usage}),
        }
        return web.json_response(GraphError(613).body(), status=429, headers=headers)

    def refusal(self, refusal: Refusal) -> GraphError:
        return GraphError.of(refusal)

    def kill(self, token: str) -> None:
        self.pages.kill_token(token)

    async def _access_token(self, request: web.Request) -> web.StreamResponse:
        asked = await _read(request)
        return await self._do(
            request, "token", asked, lambda: Accepted(self.pages.exchange(asked.texts))
        )

    async def _debug_token(self, request: web.Request) -> web.StreamResponse:
        asked = await _read(request)

        def work() -> Accepted:
            if not self.pages.is_app(asked.token) and not self.pages.is_user(asked.token):
                self.pages.page_of(asked.token)
            input_token = str(asked.fields.get("input_token", ""))
            return Accepted({"data": self.pages.debugged(input_token)})

        return await self._do(request, "other", asked, work)

    async def _node(self, request: web.Request) -> web.StreamResponse:
        asked = await _read(request)
        node = request.match_info["node"]
        operation = "profile" if request.method == "GET" and node.isdigit() else "other"
        if "_" in node and not node.startswith(("m_", "t_")):
            operation = "comment"
        return await self._do(
            request, operation, asked, lambda: self._about(request.method, node, asked), node
        )

    def _about(self, method: str, node: str, asked: Asked) -> Accepted:
        """A call about one object."""
        if method == "GET" and node in ("me", USER_ID) and self.pages.is_user(asked.token):
            self.pages.check_user(asked.token)
            return Accepted({"id": USER_ID, "name": "Nguyễn Thị Quản Lý"})
        page = self._page(asked)
        fields = str(asked.fields.get("fields", ""))
        if method == "GET":
            return Accepted(self._read_node(page, node, fields))
        if method == "POST":
            return self._comments.change(page, node, asked.fields)
        if method == "DELETE":
            return self._comments.remove(page, node)
        raise GraphError(100, 33)

    def _read_node(self, page: Page, node: str, fields: str) -> Json:
        if node in ("me", page.id):
            told: Json = {"id": page.id, "name": page.name, "category": "Clothing store"}
            if page.instagram_id is not None:
                told["instagram_business_account"] = {"id": page.instagram_id}
            wanted = fields.split(",") if fields else ["id", "name"]
            return {"id": page.id} | {name: told[name] for name in wanted if name in told}
        if node == page.instagram_id:
            return {"id": node, "username": "instagram"}
        if node.startswith("t_"):
            return self._reading.conversation(page, node, fields)
        if node.startswith(("m_", "aWdf")):
            return self._reading.message(page, node, fields)
        if node.isdigit() and not self._is_comment(page, node):
            return self._reading.profile(page, node, fields)
        return self._comments.read(page, node) | self._begun_by(page, node, fields)

    def _begun_by(self, page: Page, comment_id: str, fields: str) -> Json:
        """The conversation that a private answer has begun, where it is asked for."""
        wanted = parse_fields(fields).get("private_reply_conversation")
        person = self._comments.answered_to(page, comment_id)
        if wanted is None or person is None:
            return {}
        told = self._reading.conversation_of(*person, wanted.inner)
        return {"private_reply_conversation": told}

    def _is_comment(self, page: Page, node: str) -> bool:
        """Instagram's comments are named by a number, as people are."""
        try:
            self._comments.find(page, node)
        except GraphError:
            return False
        return True

    async def _edge(self, request: web.Request) -> web.StreamResponse:
        asked = await _read(request)
        node, edge = request.match_info["node"], request.match_info["edge"]
        work = self._edges().get((request.method, edge))
        if work is None:
            return GraphError(100, None, f"Unknown path components: /{edge}").answer()
        operation, doing = work
        subject = node
        if edge == "messages" and request.method == "POST":
            recipient = asked.fields.get("recipient")
            subject = next(iter(recipient.values()), "") if isinstance(recipient, dict) else ""
        if "sender_action" in asked.fields:
            operation = "other"
        return await self._do(request, operation, asked, lambda: doing(node, asked), str(subject))

    def _edges(self) -> dict[tuple[str, str], tuple[str, Callable[[str, Asked], Accepted]]]:
        """By method and name: the operation as fault plans name it, and what it does."""
        edges: dict[tuple[str, str], tuple[str, Callable[[str, Asked], Accepted]]] = {
            ("POST", "messages"): ("send", self._send),
            ("GET", "messages"): ("history", self._messages_of),
            ("POST", "message_attachments"): ("upload", self._upload),
            ("GET", "conversations"): ("history", self._conversations),
            ("GET", "subscribed_apps"): ("subscribe", self._subscriptions),
            ("POST", "subscribed_apps"): ("subscribe", self._subscribe),
            ("DELETE", "subscribed_apps"): ("subscribe", self._unsubscribe),
            ("GET", "accounts"): ("token", self._accounts),
            ("GET", "permissions"): ("token", self._permissions),
            ("GET", "ids_for_pages"): ("other", self._people_of_pages),
            ("POST", "comments"): ("comment", self._answer_comment),
            ("POST", "replies"): ("comment", self._answer_comment),
            ("GET", "comments"): ("history", self._answers_of_comment),
            ("GET", "replies"): ("history", self._answers_of_comment),
            ("POST", "likes"): ("comment", self._like_comment),
            ("DELETE", "likes"): ("comment", self._unlike_comment),
        }
        for edge in _THREAD_CONTROL:
            edges["POST", edge] = ("other", self._control_thread)
        return edges

    def _page(self, asked: Asked, node: str = "me") -> Page:
        """The page of the token, when the call is about it.

        Raises:
            GraphError: 190 for the token, 100 for its proof, 10 when it is another page's.
        """
        if not asked.token:
            raise GraphError(2500, None, "An active access token must be used")
        page = self.pages.page_of(asked.token)
        proof = asked.fields.get("appsecret_proof")
        self.pages.check_proof(asked.token, str(proof) if proof is not None else None)
        if node not in ("me", page.id, page.instagram_id):
            raise GraphError(10)
        return page

    def _send(self, node: str, asked: Asked) -> Accepted:
        return self._messages.post(self._page(asked, node), asked.fields, asked.upload)

    def _upload(self, node: str, asked: Asked) -> Accepted:
        page = self._page(asked, node)
        message = asked.fields.get("message")
        attachment = message.get("attachment") if isinstance(message, dict) else None
        if not isinstance(attachment, dict):
            raise GraphError(100, None, "The parameter message is required")
        attachment_id = self.attachments.keep(page.id, attachment, asked.upload)
        return Accepted({"attachment_id": attachment_id})

    def _messages_of(self, node: str, asked: Asked) -> Accepted:
        return Accepted(self._reading.messages(self._page(asked), node, asked.texts))

    def _conversations(self, node: str, asked: Asked) -> Accepted:
        return Accepted(self._reading.conversations(self._page(asked, node), asked.texts))

    def _subscriptions(self, node: str, asked: Asked) -> Accepted:
        return Accepted(self.subscriptions.read(self._page(asked, node)))

    def _subscribe(self, node: str, asked: Asked) -> Accepted:
        return Accepted(self.subscriptions.write(self._page(asked, node), asked.fields))

    def _unsubscribe(self, node: str, asked: Asked) -> Accepted:
        return Accepted(self.subscriptions.remove(self._page(asked, node)))

    def _accounts(self, node: str, asked: Asked) -> Accepted:
        self._user(node, asked)
        return Accepted(self.pages.listed(asked.texts))

    def _permissions(self, node: str, asked: Asked) -> Accepted:
        self._user(node, asked)
        return Accepted({"data": self.pages.permissions()})

    def _people_of_pages(self, node: str, asked: Asked) -> Accepted:
        if not self.pages.is_app(asked.token):
            raise GraphError(190)
        proof = asked.fields.get("appsecret_proof")
        self.pages.check_proof(asked.token, str(proof) if proof is not None else None)
        return Accepted(self.login.people_of_pages(node))

    def _user(self, node: str, asked: Asked) -> None:
        """Raises GraphError: 190, the token is not a living user token."""
        self.pages.check_user(asked.token)
        proof = asked.fields.get("appsecret_proof")
        self.pages.check_proof(asked.token, str(proof) if proof is not None else None)
        if node not in ("me", USER_ID):
            raise GraphError(100, 33)

    def _answer_comment(self, node: str, asked: Asked) -> Accepted:
        page = self._page(asked)
        return self._comments.answer(page, node, str(asked.fields.get("message", "")))

    def _answers_of_comment(self, node: str, asked: Asked) -> Accepted:
        return Accepted({"data": self._comments.answers(self._page(asked), node, asked.texts)})

    def _like_comment(self, node: str, asked: Asked) -> Accepted:
        return self._comments.like(self._page(asked), node, liked=True)

    def _unlike_comment(self, node: str, asked: Asked) -> Accepted:
        return self._comments.like(self._page(asked), node, liked=False)

    def _control_thread(self, node: str, asked: Asked) -> Accepted:
        self._page(asked, node)
        return Accepted({"success": True})

    async def _do(
        self,
        request: web.Request,
        operation: str,
        asked: Asked,
        work: Callable[[], Accepted],
        subject: str = "",
    ) -> web.StreamResponse:
        call = Call(operation, subject, asked.token)

        def with_usage() -> Accepted:
            accepted = work()
            accepted.headers["X-App-Usage"] = _USAGE
            return accepted

        return await self._exchange.answer(request, call, with_usage)


async def _read(request: web.Request) -> Asked:
    """Whatever way the fields came: in the query, as JSON, as a form, with a file."""
    fields: Json = dict(request.query)
    upload = None
    if request.content_type == "application/json" and request.can_read_body:
        body = _unpacked(await request.text())
        fields |= body if isinstance(body, dict) else {}
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            if isinstance(value, FileField):
                upload = Upload(value.filename, value.content_type, value.file.read())
            else:
                fields[name] = _unpacked(value)
    token = str(fields.get("access_token", ""))
    header = request.headers.get("Authorization", "")
    if header.startswith(_BEARER):
        token = header.removeprefix(_BEARER)
    return Asked(fields, token, upload)


def _unpacked(value: object) -> object:
    """Objects come as JSON in the fields of a form."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
