"""Hides, likes and deletes comments of pages and Instagram: `CommentModeration` of inbox/ports."""

from collections.abc import Awaitable, Callable

from channels.facebook.client import PageAccess, Platform
from channels.facebook.failures import (
    CommentGone,
    GraphError,
    ModerationNotPermitted,
    NotPermitted,
    PermissionMissing,
    RecipientUnavailable,
    failure_of,
)
from channels.facebook.messenger import FacebookParts
from channels.facebook.traffic import SENDS
from channels.http import MaybeSent, NotSent
from inbox.ports import AccountRef, SendError, SendRefused, SendUnavailable, SendUncertain

_NOT_FOUND = "100/33"


class FacebookComments:
    """One for pages and one for Instagram: same API, other words; Instagram has no likes by API."""

    def __init__(self, platform: Platform, parts: FacebookParts) -> None:
        self._platform = platform
        self._client = parts.client
        self._accounts = parts.accounts
        self._traffic = parts.traffic

    @property
    def likes(self) -> bool:
        return self._platform == "messenger"

    async def hide(self, account: AccountRef, comment_id: str, *, hidden: bool) -> None:
        await self._do(
            account,
            lambda access: self._client.hide_comment(
                access, self._platform, comment_id, hidden=hidden
            ),
        )

    async def like(self, account: AccountRef, comment_id: str, *, liked: bool) -> None:
        if not self.likes:
            raise SendRefused("Instagram has no likes by API")
        await self._do(
            account, lambda access: self._client.like_comment(access, comment_id, liked=liked)
        )

    async def remove(self, account: AccountRef, comment_id: str) -> None:
        try:
            await self._do(account, lambda access: self._client.delete(access, comment_id))
        except CommentGone as gone:
            if gone.platform_code != _NOT_FOUND:
                raise

    async def _do(
        self, account: AccountRef, call: Callable[[PageAccess], Awaitable[object]]
    ) -> None:
        access = await self._accounts.access(account)
        await self._traffic.admit(account.key, SENDS)
        try:
            await call(access)
        except (GraphError, NotSent, MaybeSent) as error:
            failure = _failure(error)
            await self._traffic.note(account.key, failure)
            raise failure from error
        await self._traffic.note(account.key, None)


def _failure(error: GraphError | NotSent | MaybeSent) -> SendError:
    """What a fault means for a comment, in the words of comments."""
    if isinstance(error, NotSent):
        return SendUnavailable(f"no connection: {error}")
    if isinstance(error, MaybeSent):
        return SendUncertain(f"no answer: {error}")
    failure = failure_of(error.fault)
    if isinstance(failure, PermissionMissing | NotPermitted):
        return ModerationNotPermitted(failure.reason, platform_code=failure.platform_code)
    if isinstance(failure, RecipientUnavailable):
        return CommentGone(failure.reason, platform_code=failure.platform_code)
    return failure
