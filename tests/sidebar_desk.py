"""A running service with customers, its people, and browsers in which they sit at the inbox."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize, expect

from app.parts import Parts
from app.serving import WEB_BUILD
from inbox.bots.model import BotEdit
from inbox.clock import SystemClock
from inbox.mongo.client import Document, Mongo
from inbox.staff.model import Actor, Role
from inbox.staff.service import NewStaff
from tests.chromium import chromium, sign_in, somebody
from tests.ingest import FACEBOOK_PAGE, ZALO_OA, facebook_message
from tests.service import OWNER, PASSWORD, ZALO_APP_ID, RunningService, service_with_bot
from tests.waiting import until

PSID = "7312094485501276"
_SCREEN = ViewportSize(width=1500, height=1000)
_CLIPBOARD = ("clipboard-read", "clipboard-write")
ANH = "Nguyễn Thị Hồng Ánh"


@dataclass(slots=True)
class SidebarDesk:
    """One bot with a page and an OA; `sale` is a member of it, the owner sees everything."""

    service: RunningService
    mongo: Mongo
    browser: Browser

    async def facebook_writes(self, text: str, *, mid: str, name: str = ANH) -> Document:
        """A message from Facebook; the customer as they are stored then, with a name."""
        at = int((SystemClock().now() - timedelta(minutes=1)).timestamp() * 1000)
        body = facebook_message(text, mid=mid, at=at, psid=PSID)
        assert await self.service.post_facebook(body) == 200
        return await self._named("facebook", FACEBOOK_PAGE, name)

    async def zalo_writes(self, text: str, *, mid: str, name: str) -> Document:
        at = str(int((SystemClock().now() - timedelta(minutes=2)).timestamp() * 1000))
        body = {
            "app_id": ZALO_APP_ID,
            "event_name": "user_send_text",
            "timestamp": at,
            "sender": {"id": "42"},
            "recipient": {"id": ZALO_OA},
            "message": {"msg_id": mid, "text": text},
        }
        assert await self.service.post_zalo(body) == 200
        return await self._named("zalo", ZALO_OA, name)

    async def _named(self, channel: str, account_id: str, name: str) -> Document:
        query = {"identities": {"$elemMatch": {"channel": channel, "account_id": account_id}}}
        await until(lambda: self._has(query))
        await self.mongo["customers"].update_one(query, {"$set": {"name": name}})
        customer = await self.mongo["customers"].find_one(query)
        assert customer is not None
        return customer

    async def _has(self, query: Document) -> bool:
        return await self.mongo["customers"].find_one(query) is not None

    async def customer(self, customer_id: str) -> Document:
        customer = await self.mongo["customers"].find_one({"_id": customer_id})
        assert customer is not None
        return customer

    async def give(self, customer_id: str, **fields: Any) -> None:
        """Store fields of a customer, as an import would have."""
        await self.mongo["customers"].update_one({"_id": customer_id}, {"$set": fields})

    async def hire(self, name: str, role: Role, *, is_member: bool = True) -> str:
        """Somebody new, as a rule a member of the bot; their e-mail address."""
        owner = await self.mongo["staff"].find_one({"email": OWNER})
        bot = await self.mongo["bots"].find_one({})
        assert owner is not None
        assert bot is not None
        email = f"{name}@shop.example"
        wanted = NewStaff(name=name, email=email, password=PASSWORD, role=role)
        by = Actor(id=owner["_id"], name=owner["name"], role=owner["role"])
        person = await self.service.service.staff.create(by, wanted)
        if not is_member:
            return email
        members = (*bot.get("member_ids", ()), person.id)
        await self.service.service.bots.edit(by, bot["_id"], BotEdit(member_ids=members), None)
        return email

    @asynccontextmanager
    async def signed_in(self, email: str = OWNER, path: str = "/inbox") -> AsyncIterator[Page]:
        """A browser of its own at a page; errors of its scripts fail the test."""
        async with somebody(self.browser, viewport=_SCREEN, permissions=_CLIPBOARD) as person:
            page = await person.new_page()
            await sign_in(page, f"{self.service.url}{path}", email)
            yield page

    @asynccontextmanager
    async def at_customer(self, email: str = OWNER, name: str = ANH) -> AsyncIterator[Page]:
        """Signed in, with the conversation of this customer open and its sidebar loaded."""
        async with self.signed_in(email) as page:
            await page.get_by_test_id("conversation-row").filter(has_text=name).click()
            await expect(page.get_by_test_id("customer-name")).to_have_text(name)
            await page.evaluate("window.notReloaded = true")
            yield page
            assert await page.evaluate("window.notReloaded")

    @asynccontextmanager
    async def two_at_customer(self) -> AsyncIterator[tuple[Page, Page]]:
        """Two people with the same conversation open, each in a browser of their own."""
        colleague = await self.hire("Lan", "sale")
        async with AsyncExitStack() as both:
            first = await both.enter_async_context(self.at_customer())
            second = await both.enter_async_context(self.at_customer(colleague))
            yield first, second


@asynccontextmanager
async def sidebar_desk(
    mongo: Mongo,
    mongo_uri: str,
    data: Path,
    *,
    secrets: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> AsyncIterator[SidebarDesk]:
    """Start the service, with these settings besides, and a browser."""
    parts = Parts(clock=SystemClock(), web_build=WEB_BUILD)
    async with (
        service_with_bot(
            mongo, mongo_uri, data, parts, secrets=secrets, overrides=overrides
        ) as service,
        chromium() as browser,
    ):
        yield SidebarDesk(service, mongo, browser)
