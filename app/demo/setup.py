"""Makes the shop of the demo where it is missing: its people, its bots, its accounts."""

from collections.abc import Callable
from dataclasses import dataclass

from app.demo.accounts import ACCOUNTS, BOTS, DemoAccount, DemoBot
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
    """How to sign in as the owner, who the owner is, and the first bot of the shop."""

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
    """Make the owner, five sales and the bots with their accounts, as far as they are missing.

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
    member_ids = tuple(person.id for person in (owner, *sales) if person.active)
    made = [await _bot(bots, actor, one, member_ids, credentials_of) for one in BOTS]
    return DemoAccess(OWNER_EMAIL, PASSWORD, actor, made[0])


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


async def _bot(
    bots: BotService,
    actor: Actor,
    wanted: DemoBot,
    member_ids: tuple[str, ...],
    credentials_of: CredentialsOf,
) -> str:
    """The id of the bot, which is made if nobody looks after its accounts."""
    if found := await _found(bots, actor, wanted):
        await _renew(bots, actor, found, credentials_of)
        return found.bot.id
    accounts = tuple(_new(account, credentials_of(account)) for account in wanted.accounts)
    new = NewBot(name=wanted.name, accounts=accounts, member_ids=member_ids)
    return (await bots.create(actor, new)).bot.id


async def _found(bots: BotService, actor: Actor, wanted: DemoBot) -> BotWithAccounts | None:
    """The bot that has the accounts, or the first that has one of them."""
    keys = {(account.channel, account.account_id) for account in wanted.accounts}
    after: tuple[str, str] | None = None
    while page := await bots.page(actor, after=after, limit=_PAGE):
        for bot in page:
            if keys & {(account.channel, account.account_id) for account in bot.accounts}:
                return bot
        after = (page[-1].bot.name, page[-1].bot.id)
    return None


def _new(account: DemoAccount, credentials: dict[str, str]) -> NewAccount:
    return NewAccount(
        channel=account.channel,
        account_id=account.account_id,
        name=account.name,
        credentials=credentials,
        simulated=True,
    )


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
            await bots.connect(actor, bot.bot.id, _new(known, valid))
