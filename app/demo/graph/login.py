"""Facebook Login: the dialog with its two buttons, and what Meta signs when a user leaves the app.

Sources: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from aiohttp import web

from app.demo.apps import Apps
from app.demo.dialogs import ALLOW, Choice, Dialog, sent_back
from app.demo.graph.errors import GraphError
from app.demo.graph.pages import USER_ID, Pages
from app.demo.world import Json

_KEPT = ("client_id", "redirect_uri", "state", "scope", "config_id")


class Login:
    """`people` are the ids that users of the app have for pages: by app-scoped id, (page, id)."""

    def __init__(self, apps: Apps, pages: Pages) -> None:
        self._apps = apps
        self._pages = pages
        self.people: dict[str, list[tuple[str, str]]] = {}

    async def show(self, request: web.Request) -> web.Response:
        """GET dialog/oauth: which pages, and whether at all."""
        asked = {name: request.query[name] for name in _KEPT if name in request.query}
        if (refusal := self._refusal(asked)) is not None:
            return refusal
        choices = [Choice(page.id, page.name, page.granted) for page in self._pages]
        return Dialog(
            title="Đăng nhập bằng Facebook (mô phỏng)",
            app_name="Hộp thư muốn quản lý các trang: / The inbox wants to manage pages:",
            choices=choices,
            many=True,
            kept=asked,
        ).answer()

    async def decide(self, request: web.Request) -> web.Response:
        """POST dialog/oauth: back to the app with a code, or with what a refusal is called."""
        form = await request.post()
        asked = {name: str(form[name]) for name in _KEPT if name in form}
        if (refusal := self._refusal(asked)) is not None:
            return refusal
        state = {"state": asked.get("state", "")}
        redirect_uri = asked["redirect_uri"]
        if form.get("decision") != ALLOW:
            denied = {
                "error": "access_denied",
                "error_code": "200",
                "error_description": "Permissions error",
                "error_reason": "user_denied",
            }
            return sent_back(redirect_uri, denied | state)
        ticked = {str(one) for one in form.getall("choice", [])}
        for page in self._pages:
            page.granted = page.id in ticked
        return sent_back(redirect_uri, {"code": self._pages.new_code(redirect_uri)} | state)

    def people_of_pages(self, node: str) -> Json:
        """GET {user}/ids_for_pages: nobody, unless the app and the pages have one business."""
        found = self.people.get(node, [])
        return {"data": [{"id": person, "page": {"id": page}} for page, person in found]}

    def signed_request(self, user_id: str = USER_ID, *, issued_at: int = 0) -> str:
        """What Meta posts to the callbacks of deauthorising and of data deletion."""
        told = {"algorithm": "HMAC-SHA256", "user_id": user_id, "issued_at": issued_at}
        payload = _base64url(json.dumps(told).encode())
        signature = hmac.digest(self._apps.facebook_app_secret.encode(), payload, "sha256")
        return f"{_base64url(signature).decode()}.{payload.decode()}"

    def _refusal(self, asked: Mapping[str, str]) -> web.Response | None:
        """Another app, or no address to go back to: Meta shows that on its own page."""
        if asked.get("client_id") != self._apps.facebook_app_id:
            return GraphError(101, None, "Invalid App ID").answer()
        if not asked.get("redirect_uri", "").startswith(("http://", "https://")):
            return GraphError(191, None, "Invalid redirect_uri").answer()
        return None


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
