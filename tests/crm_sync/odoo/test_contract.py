"""The contract of connectors, kept by Odoo's against a real Odoo 11."""

from tests.crm_sync.contract import ConnectorContract, Harness
from tests.crm_sync.odoo.odoo_harness import OdooHarness


def as_the_contract_wants_it(harness: OdooHarness) -> Harness:
    """For the type checker: fixtures are handed over by name."""
    return harness


class TestOdoo(ConnectorContract):
    """`harness` comes from conftest.py."""
