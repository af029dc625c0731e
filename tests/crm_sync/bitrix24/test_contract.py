"""The contract of connectors, kept by Bitrix24's against a portal that behaves like it."""

from tests.crm_sync.bitrix24.bitrix24_harness import Bitrix24Harness
from tests.crm_sync.contract import ConnectorContract, Harness


def as_the_contract_wants_it(harness: Bitrix24Harness) -> Harness:
    """For the type checker: fixtures are handed over by name."""
    return harness


class TestBitrix24(ConnectorContract):
    """`harness` comes from conftest.py."""
