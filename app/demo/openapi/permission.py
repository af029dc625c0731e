"""Zalo's permission page, version 4: an OA's admin chooses it and agrees, or does not.

Source: https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new
What Zalo sends back after a refusal is not documented; here it is what OAuth says.
"""

from aiohttp import web

from app.demo.dialogs import ALLOW, Choice, Dialog, sent_back
from app.demo.openapi.errors import OAuthError
from app.demo.openapi.tokens import Tokens
from app.demo.world import World

_KEPT = ("app_id", "redirect_uri", "state", "code_challenge")


class Permission:
    """GET and POST /v4/oa/permission."""

    def __init__(self, tokens: Tokens, world: World) -> None:
        self._tokens = tokens
        self._world = world

    async def show(self, request: web.Request) -> web.Response:
        asked = {name: request.query[name] for name in _KEPT if name in request.query}
        try:
            self._tokens.check_consent(asked)
        except OAuthError as error:
            return error.answer()
        choices = [
            Choice(oa_id, self._world.accounts[oa_id].name, place == 0)
            for place, oa_id in enumerate(self._tokens.oa_ids)
        ]
        return Dialog(
            title="Cấp quyền Zalo Official Account (mô phỏng)",
            app_name="Hộp thư muốn quản lý một OA: / The inbox wants to manage one OA:",
            choices=choices,
            many=False,
            kept=asked,
        ).answer()

    async def decide(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = {name: str(form[name]) for name in _KEPT if name in form}
        try:
            self._tokens.check_consent(asked)
        except OAuthError as error:
            return error.answer()
        redirect_uri, state = asked["redirect_uri"], {"state": asked.get("state", "")}
        if form.get("decision") != ALLOW:
            return sent_back(redirect_uri, {"error": "access_denied"} | state)
        oa_id = str(form.get("choice", ""))
        if oa_id not in self._tokens.oa_ids:
            return OAuthError(-14003, "no such OA").answer()
        code = self._tokens.new_code(oa_id, asked.get("code_challenge", ""))
        return sent_back(redirect_uri, {"oa_id": oa_id, "code": code} | state)
