"""Who makes a request, whether they may, and that no other site makes it in their name."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from aiohttp import web
from yarl import URL

from inbox.errors import NotAllowed, SignInRequired
from inbox.http.binding import ACTOR
from inbox.http.proxies import client_address, own_host
from inbox.http.routing import Access
from inbox.staff.model import Actor, Scope

SESSION_COOKIE = "inbox_session"
CSRF_HEADER = "X-CSRF-Token"
_BEARER = "bearer "
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})


class CsrfFailed(NotAllowed):
    """A write by cookie came without the session's X-CSRF-Token."""

    code = "csrf_failed"
    vi = "Phiên làm việc không khớp, vui lòng tải lại trang."
    en = "The request does not belong to this session, please reload the page."


class CrossSite(NotAllowed):
    """Another site's page made the request."""

    code = "cross_site"
    vi = "Yêu cầu đến từ một trang khác nên bị từ chối."
    en = "The request came from another site and was refused."


class ScopeMissing(NotAllowed):
    """The token was not given the right to do this."""

    code = "scope_missing"
    vi = "Mã truy cập này không có quyền “{scope}”."
    en = "This token does not have the scope “{scope}”."


class Authenticator(Protocol):
    """Who a secret belongs to; None when it belongs to nobody (any more)."""

    async def by_session(self, secret: str) -> Actor | None: ...

    async def by_token(self, secret: str) -> Actor | None: ...


class Gate:
    """Lets a request through to its route, or raises why not.

    `allowed_origins` are further origins whose pages may call ("https://crm.example").
    """

    def __init__(
        self, authenticator: Authenticator, *, allowed_origins: Collection[str] = ()
    ) -> None:
        self._authenticator = authenticator
        self._allowed_origins = frozenset(allowed_origins)

    async def admit(self, request: web.Request, access: Access) -> None:
        """Set request[ACTOR], unless the route is public.

        Raises:
            SignInRequired: no cookie and no token, or one that is unknown or has ended.
            NotAllowed: the role or the token's scope is too low, or another site is asking.
        """
        if access == "public":
            self._refuse_other_sites(request)
            return
        actor = await self._by_header(request) or await self._by_cookie(request)
        check_access(actor, access, safe=request.method in _SAFE_METHODS)
        request[ACTOR] = replace(actor, address=client_address(request))

    async def _by_header(self, request: web.Request) -> Actor | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        if header[: len(_BEARER)].lower() != _BEARER:
            raise SignInRequired
        actor = await self._authenticator.by_token(header[len(_BEARER) :].strip())
        if actor is None:
            raise SignInRequired
        return actor

    async def _by_cookie(self, request: web.Request) -> Actor:
        secret = request.cookies.get(SESSION_COOKIE)
        actor = await self._authenticator.by_session(secret) if secret else None
        if actor is None or not secret:
            raise SignInRequired
        self._refuse_other_sites(request)
        if request.method not in _SAFE_METHODS and not _has_csrf_token(request, secret):
            raise CsrfFailed
        return actor

    def _refuse_other_sites(self, request: web.Request) -> None:
        """Writes and WebSocket upgrades come from our own pages, or from no browser at all."""
        upgrades = "upgrade" in request.headers.get("Connection", "").lower()
        if request.method in _SAFE_METHODS and not upgrades:
            return
        origin = request.headers.get("Origin")
        if origin in self._allowed_origins:
            return
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            if site not in _OWN_SITES:
                raise CrossSite
        elif origin is not None and not _same_host(origin, own_host(request)):
            raise CrossSite


def check_access(actor: Actor, access: Access, *, safe: bool) -> None:
    """Raise NotAllowed unless `actor` may call a route of this `access`."""
    if access not in {"public", "staff"}:
        _check_role(actor, access)
    needed: set[Scope] = {"read" if safe else "write"}
    if access not in {"public", "staff"}:
        needed.add("admin")
    for scope in sorted(needed - actor.scopes):
        raise ScopeMissing(scope=scope)


def _check_role(actor: Actor, access: Access) -> None:
    match access:
        case "manager" | "admin" | "owner" as role if actor.at_least(role):
            return
        case _:
            raise NotAllowed


def csrf_token(session_secret: str) -> str:
    """The token that writes of this session carry; only who has the cookie can know it."""
    digest = hashlib.blake2b(session_secret.encode(), key=b"csrf", digest_size=24).digest()
    return urlsafe_b64encode(digest).decode("ascii")


def _has_csrf_token(request: web.Request, session_secret: str) -> bool:
    given = request.headers.get(CSRF_HEADER, "")
    return hmac.compare_digest(given.encode(), csrf_token(session_secret).encode())


def _same_host(origin: str, host: str) -> bool:
    """Port 443 of https, and 80 of http, is not written by either of them."""
    scheme, separator, theirs = origin.partition("://")
    if not separator:
        return False  # "null": a sandboxed frame, a file
    try:
        return _endpoint(scheme, theirs) == _endpoint(scheme, host)
    except ValueError:
        return False


def _endpoint(scheme: str, host: str) -> tuple[str | None, int | None]:
    url = URL(f"{scheme}://{host}")
    return url.host, url.port
