"""The HTTP of notices."""

from inbox.bots.health.notices import Notices
from inbox.bots.health.view import NoticeView, notice_view
from inbox.http.paging import Page
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor


class NoticeRoutes(Routes):
    """What the top of the inbox says."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    @route("GET", "/api/v1/notices", access="staff", tag="bots")
    async def all(self, actor: Actor) -> Page[NoticeView]:
        """Accounts in trouble and what is missing in the set-up, the most urgent first.

        Everybody hears that replies of their bots wait; admins hear what to do. Ask again at
        every live frame `bot_changed`.
        """
        found = await self._notices.of(actor)
        return Page(items=[notice_view(one) for one in found], next_cursor=None)
