"""The pages on which people agree, or do not: what both login dialogs look like. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from aiohttp import web

ALLOW, DENY = "allow", "deny"
_STYLE = """
  :root { color-scheme: light dark; }
  body { max-width: 28rem; margin: 8vh auto; padding: 0 1rem; font-family: system-ui, sans-serif; }
  label { display: block; margin: .6rem 0; }
  button { margin: 1rem .5rem 0 0; padding: .6rem 1rem; font: inherit; }
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A page or an OA that may be ticked."""

    id: str
    name: str
    ticked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """`many` may be ticked, or only one; `kept` comes back with the decision."""

    title: str
    app_name: str
    choices: Sequence[Choice]
    many: bool
    kept: Mapping[str, str]

    def answer(self) -> web.Response:
        kind = "checkbox" if self.many else "radio"
        choices = "".join(
            f'<label><input type="{kind}" name="choice" value="{escape(one.id)}"'
            f"{' checked' if one.ticked else ''}> {escape(one.name)}</label>"
            for one in self.choices
        )
        kept = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in self.kept.items()
        )
        body = (
            f'<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head><body><main>"
            f"<h1>{escape(self.title)}</h1><p>{escape(self.app_name)}</p>"
            f'<form method="post">{kept}{choices}'
            f'<button name="decision" value="{ALLOW}">Cho phép / Allow</button>'
            f'<button name="decision" value="{DENY}">Từ chối / Deny</button>'
            "</form></main></body></html>"
        )
        return web.Response(text=body, content_type="text/html", charset="utf-8")


def sent_back(redirect_uri: str, query: Mapping[str, str]) -> web.Response:
    """The browser goes back to the app with `query`."""
    return web.Response(status=302, headers={"Location": f"{redirect_uri}?{urlencode(query)}"})
