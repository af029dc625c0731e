"""Makes the shop of the demo where it is missing: its people, its bot, its accounts."""

from collections.abc import Callable
from dataclasses import dataclass

from app.demo.accounts import ACCOUNTS, BOT_NAME, DemoAccount
from inbox.bots.model import NewAccount, NewBot
from inbox.bots.service import BotService, BotWithAccounts
from inbox.errors import Conflict
from inbox.staff.model import Actor, Role, Staff
from inbox.staff.service import NewStaff, StaffService

OWNER_EMAIL = "admin@demo.local"
PASSWORD = "demo-chat-inbox"  # noqa: S105 - public on purpose: it opens invented data only

_DOMAIN = "@demo.local"
_SALES = (
    "Nguyễn Thị Mai",
    "Trần Văn Hùng",
    "Lê Thị Ngọc Hoa",
    "Phạm Quang Dũng",
    "Võ Thanh Hằng",
)
_PAGE = 200


class NotDemoData(Conflict):
    """The database is somebody's real one: no account with a public password is added to it."""

    code = "not_demo_data"
    vi = "Dữ liệu này không phải của bản demo. Hãy chạy demo với một thư mục dữ liệu khác."
    en = "This is not the data of a demo. Run the demo with another data directory."


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """How to sign in as the owner, who the owner is, and the bot of the shop."""

    email: str
    password: str
    owner: Actor
    bot_id: str


CredentialsOf = Callable[[DemoAccount], dict[str, str]]


def _none(_: DemoAccount) -> dict[str, str]:
    return {}


async def setup(
    staff: StaffService, bots: BotService, credentials_of: CredentialsOf = _none
) -> DemoAccess:
    """Make the owner, five sales and the bot with its accounts, as far as they are missing.

    What somebody changed since the first start stays changed. Accounts whose credentials the
    simulated platforms do not take any more are given those of `credentials_of`.

    Raises:
        NotDemoData: there are people, but none of the demo's.
    """
    await staff.ensure_first_admin(OWNER_EMAIL, PASSWORD)
    people = await _everybody(staff)
    owner = _owner(people)
    actor = Actor(id=owner.id, name=owner.name, role=owner.role)
    sales = [await _sale(staff, actor, people, number) for number in range(1, len(_SALES) + 1)]
    if bot := await _bot(bots, actor):
        await _renew(bots, actor, bot, credentials_of)
        bot_id = bot.bot.id
    else:
        member_ids = tuple(person.id for person in (owner, *sales) if person.active)
        accounts = tuple(
            NewAccount(
                channel=account.channel,
                account_id=account.account_id,
                name=account.name,
                credentials=credentials_of(account),
                simulated=True,
            )
            for account in ACCOUNTS
        )
        wanted = NewBot(name=BOT_NAME, accounts=accounts, member_ids=member_ids)
        bot_id = (await bots.create(actor, wanted)).bot.id
    return DemoAccess(OWNER_EMAIL, PASSWORD, actor, bot_id)


async def _everybody(staff: StaffService) -> list[Staff]:
    people: list[Staff] = []
    after: tuple[str, str] | None = None
    while page := await staff.page(after=after, limit=_PAGE):
        people += page
        after = (page[-1].name, page[-1].id)
    return people


def _owner(people: list[Staff]) -> Staff:
    """Who acts: the demo's owner, or another one if somebody changed that."""
    ours = [person for person in people if person.email.endswith(_DOMAIN)]
    owners = [person for person in people if person.role == "owner" and person.active]
    if not ours or not owners:
        raise NotDemoData
    return next((person for person in owners if person.email == OWNER_EMAIL), owners[0])


async def _sale(staff: StaffService, actor: Actor, people: list[Staff], number: int) -> Staff:
    email = f"sale{number}{_DOMAIN}"
    present = next((person for person in people if person.email == email), None)
    if present is not None:
        return present
    role: Role = "sale"
    wanted = NewStaff(name=_SALES[number - 1], email=email, password=PASSWORD, role=role)
    return await staff.create(actor, wanted)


async def _bot(bots: BotService, actor: Actor) -> BotWithAccounts | None:
    """The bot that has the simulated accounts, or the first that has one of them."""
    keys = {(account.channel, account.account_id) for account in ACCOUNTS}
    after: tuple[str, str] | None = None
    while page := await bots.page(actor, after=after, limit=_PAGE):
        for bot in page:
            if keys & {(account.channel, account.account_id) for account in bot.accounts}:
                return bot
        after = (page[-1].bot.name, page[-1].bot.id)
    return None


async def _renew(
    bots: BotService, actor: Actor, bot: BotWithAccounts, credentials_of: CredentialsOf
) -> None:
    """Connect again what the simulated platforms would refuse."""
    simulated = {(account.channel, account.account_id): account for account in ACCOUNTS}
    for account in bot.accounts:
        known = simulated.get((account.channel, account.account_id))
        if known is None or not (valid := credentials_of(known)):
            continue
        held = await bots.credentials(account.id)
        if held.get("access_token") != valid["access_token"]:
            await bots.disconnect(actor, bot.bot.id, account.id)
            renewed = NewAccount(
                channel=account.channel,
                account_id=account.account_id,
                name=account.name,
                credentials=valid,
                simulated=True,
            )
            await bots.connect(actor, bot.bot.id, renewed)
