"""Which connector speaks to which kind of CRM."""

from collections.abc import Callable, Mapping

from crm_sync.config import ConnectionConfig
from crm_sync.connectors.bitrix24.client import Bitrix24Account
from crm_sync.connectors.bitrix24.connector import Bitrix24Connector
from crm_sync.connectors.getfly.client import GetflyAccount
from crm_sync.connectors.getfly.connector import GetflyConnector
from crm_sync.connectors.http import JsonClient, Timeouts
from crm_sync.connectors.hubspot.client import HubSpotAccount
from crm_sync.connectors.hubspot.connector import HubSpotConnector
from crm_sync.connectors.model import Connector
from crm_sync.connectors.odoo.client import OdooAccount
from crm_sync.connectors.odoo.connector import OdooConnector
from crm_sync.connectors.webhook.client import WebhookAccount
from crm_sync.connectors.webhook.connector import WebhookConnector
from crm_sync.mapping.presets import CrmKind
from inbox.clock import Clock
from inbox.standard_webhooks import keys_of

Build = Callable[[ConnectionConfig, str, Clock], Connector]


def connector_of(config: ConnectionConfig, secret: str, clock: Clock) -> Connector:
    """The connector of a configured connection. Inside the running event loop."""
    return _BUILDERS[config.kind](config, secret, clock)


def _timeouts(config: ConnectionConfig) -> Timeouts:
    return Timeouts(total=config.timeout)


def _odoo(config: ConnectionConfig, secret: str, _: Clock) -> Connector:
    account = OdooAccount(config.url, config.database or "", config.user or "", secret)
    http = JsonClient(timeouts=_timeouts(config))
    return OdooConnector(account, config.instance, http=http)


def _getfly(config: ConnectionConfig, secret: str, _: Clock) -> Connector:
    account = GetflyAccount(config.url, secret)
    http = JsonClient(timeouts=_timeouts(config))
    return GetflyConnector(account, config.instance, http=http, record_url=config.record_url)


def _hubspot(config: ConnectionConfig, secret: str, _: Clock) -> Connector:
    account = HubSpotAccount(token=secret, url=config.url)
    return HubSpotConnector(account, config.instance, http=JsonClient(timeouts=_timeouts(config)))


def _bitrix24(config: ConnectionConfig, secret: str, _: Clock) -> Connector:
    account = Bitrix24Account(config.url, secret)
    http = JsonClient(timeouts=_timeouts(config))
    return Bitrix24Connector(account, config.instance, http=http)


def _webhook(config: ConnectionConfig, secret: str, clock: Clock) -> Connector:
    account = WebhookAccount(config.url, keys_of(secret), config.allow_private)
    if "timeout" not in config.model_fields_set:  # our own contract asks for less
        return WebhookConnector(account, clock)
    return WebhookConnector(account, clock, timeouts=_timeouts(config))


_BUILDERS: Mapping[CrmKind, Build] = {
    "odoo": _odoo,
    "hubspot": _hubspot,
    "bitrix24": _bitrix24,
    "getfly": _getfly,
    "webhook": _webhook,
}
