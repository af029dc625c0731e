"""How long a channel lets us write after the customer did something; an estimate to be shown."""

from datetime import datetime, timedelta

from inbox.conversations.model import Channel, Window

FACEBOOK_STANDARD = timedelta(hours=24)
"""https://developers.facebook.com/docs/messenger-platform/policy/policy-overview"""
FACEBOOK_AD = timedelta(days=7)
"""After the first message of a click-to-Messenger ad (policy text of 28 September 2026)."""
ZALO_CONSULTATION = timedelta(days=7)
ZALO_FREE = timedelta(hours=48)
"""Zalo: consultation messages for 7 days, free for 48 hours of them (since 1 January 2026)."""


def window_after(channel: Channel, at: datetime, *, from_ad: bool = False) -> Window:
    """The window that a customer's action at `at` opens."""
    if channel == "zalo":
        return Window(at + ZALO_CONSULTATION, "consultation", free_until=at + ZALO_FREE)
    if from_ad:
        return Window(at + FACEBOOK_AD, "ad")
    return Window(at + FACEBOOK_STANDARD, "standard")
