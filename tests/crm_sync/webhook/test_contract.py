"""The contract of connectors, kept by that of signed calls against a receiver that does it all."""

from tests.crm_sync.contract import ConnectorContract, Harness
from tests.crm_sync.webhook.webhook_harness import WebhookHarness


def as_the_contract_wants_it(harness: WebhookHarness) -> Harness:
    """For the type checker: fixtures are handed over by name."""
    return harness


class TestWebhook(ConnectorContract):
    """`harness` comes from conftest.py."""
