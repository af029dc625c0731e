"""The contract of connectors, kept by HubSpot's against a server made from its documentation."""

from tests.crm_sync.contract import ConnectorContract, Harness
from tests.crm_sync.hubspot.hubspot_harness import HubSpotHarness


def as_the_contract_wants_it(harness: HubSpotHarness) -> Harness:
    """For the type checker: fixtures are handed over by name."""
    return harness


class TestHubSpot(ConnectorContract):
    """`harness` comes from conftest.py."""
