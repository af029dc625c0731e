"""Arrivals, people and rules for the tests of splitting, with what does not matter filled in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from inbox.splitting.model import (
    Arrival,
    Ledger,
    Mode,
    Person,
    PoolEntry,
    Rule,
    SplitConfig,
)

NOON = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)
"""A Wednesday, 12:00 in Ho Chi Minh City."""
LAN, MINH, HOA = "lan", "minh", "hoa"
NO_LEDGER: Ledger = {}


def an_arrival(**known: Any) -> Arrival:
    plain = Arrival(conversation_id="c1", channel="facebook", account="page1", at=NOON)
    return replace(plain, **known)


def a_rule(*staff: str | tuple[str, int], mode: Mode = "even", **known: Any) -> Rule:
    pool = tuple(PoolEntry(*one) if isinstance(one, tuple) else PoolEntry(one) for one in staff)
    plain = Rule(id="rule1", bot_id="bot1", position=1, name="Mặc định", mode=mode, pool=pool)
    return replace(plain, **known)


def a_config(*rules: Rule, **known: Any) -> SplitConfig:
    return SplitConfig(bot_id="bot1", enabled=True, rules=rules, **known)


def people(*persons: Person | str) -> dict[str, Person]:
    known = [Person(id=one, name=one.title()) if isinstance(one, str) else one for one in persons]
    return {one.id: one for one in known}
