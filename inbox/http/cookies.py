"""The session cookie: how it is set and taken away, in a page of ours and in another's frame."""

from datetime import timedelta

from aiohttp import web

from inbox.http.authenticating import SESSION_COOKIE

_KEPT = timedelta(days=400)
"""As long as browsers allow: when a session ends is the server's to say."""


def keep_session(response: web.Response, secret: str, *, secure: bool) -> None:
    """Sign the browser in, for our own pages. `secure`: the browser speaks HTTPS."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(_KEPT.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def keep_framed_session(response: web.Response, secret: str) -> None:
    """Sign the browser in for our pages inside the frames of one other site; HTTPS only.

    A partitioned cookie belongs to the site that frames us: another site that frames us never
    sees it used.

    Source: https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies
    """
    # By hand: http.cookies knows "Partitioned" from Python 3.14 on. A secret is url-safe base64.
    kept = f"{SESSION_COOKIE}={secret}; Max-Age={int(_KEPT.total_seconds())}; Path=/; HttpOnly"
    response.headers.add("Set-Cookie", f"{kept}; Secure; SameSite=None; Partitioned")


def forget_session(response: web.Response, *, secure: bool) -> None:
    """Take the cookie away, wherever we are: each kind is deleted by its own attributes."""
    if not secure:
        response.del_cookie(SESSION_COOKIE, httponly=True, samesite="Lax")
        return
    gone = f"{SESSION_COOKIE}=; Max-Age=0; Path=/; HttpOnly; Secure"
    response.headers.add("Set-Cookie", f"{gone}; SameSite=Lax")
    response.headers.add("Set-Cookie", f"{gone}; SameSite=None; Partitioned")
