"""Which connector speaks to which kind of CRM."""

from collections.abc import Callable, Mapping

from crm_sync.config import ConnectionConfig
from crm_sync.connectors.getfly.client import GetflyAccount
from crm_sync.connectors.getfly.connector import GetflyConnector
from crm_sync.connectors.http import JsonClient, Timeouts
from crm_sync.connectors.model import Connector
from crm_sync.connectors.odoo.client import OdooAccount
from crm_sync.connectors.odoo.connector import OdooConnector
from crm_sync.mapping.presets import CrmKind

Build = Callable[[ConnectionConfig, str], Connector]


def connector_of(config: ConnectionConfig, secret: str) -> Connector:
    """The connector of a configured connection. Inside the running event loop."""
    return _BUILDERS[config.kind](config, secret)


def _timeouts(config: ConnectionConfig) -> Timeouts:
    return Timeouts(total=config.timeout)


def _odoo(config: ConnectionConfig, secret: str) -> Connector:
    account = OdooAccount(config.url, config.database or "", config.user or "", secret)
    http = JsonClient(timeouts=_timeouts(config))
    return OdooConnector(account, config.instance, http=http)


def _getfly(config: ConnectionConfig, secret: str) -> Connector:
    account = GetflyAccount(config.url, secret)
    http = JsonClient(timeouts=_timeouts(config))
    return GetflyConnector(account, config.instance, http=http, record_url=config.record_url)


_BUILDERS: Mapping[CrmKind, Build] = {"odoo": _odoo, "getfly": _getfly}
