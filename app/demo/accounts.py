"""The simulated shop: its bots and the accounts that its customers write to, with fixed ids."""

from dataclasses import dataclass

from inbox.conversations.model import Channel


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A page, an Instagram account or an OA that only the simulation knows."""

    channel: Channel
    account_id: str
    name: str


FACEBOOK_PAGE = DemoAccount("facebook", "109000000000201", "Áo Khoác An Nhiên")
INSTAGRAM_ACCOUNT = DemoAccount("instagram", "17840000000000401", "annhien.aokhoac")
ZALO_OA = DemoAccount("zalo", "4000000000000000301", "Áo Khoác An Nhiên")
ACCOUNTS = (FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA)
"""The Instagram account belongs to the page: only Instagram tells when a message is unsent."""


@dataclass(frozen=True, slots=True)
class DemoBot:
    """A bot of the shop and what it looks after."""

    name: str
    accounts: tuple[DemoAccount, ...]


SHOP = DemoBot("Shop Áo Khoác An Nhiên", (FACEBOOK_PAGE, ZALO_OA))
BOTS = (SHOP, DemoBot("An Nhiên trên Instagram", (INSTAGRAM_ACCOUNT,)))
"""Only the shop's customers are mirrored into the CRM: both states of the switch are to be seen."""

SPARE_ACCOUNTS = (
    DemoAccount("facebook", "109000000000202", "An Nhiên Outlet"),
    DemoAccount("zalo", "4000000000000000302", "An Nhiên Outlet"),
)
"""A page and an OA that nobody writes to: there to be connected through the login dialogs."""


def account_of(channel: Channel) -> DemoAccount:
    return next(account for account in ACCOUNTS if account.channel == channel)
