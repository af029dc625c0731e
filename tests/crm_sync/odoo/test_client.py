"""Versions as servers of Odoo tell them, and answers of JSON-RPC that are none."""

import pytest

from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.http import JsonClient
from crm_sync.connectors.odoo.client import JsonRpc, OdooAccount, major
from tests.crm_sync.faults import Refuse, fault_proxy


@pytest.mark.parametrize(
    ("told", "version"), [(11, 11), ("saas~17", 17), ("18", 18), ("master", 0)]
)
def test_version(told: int | str, version: int) -> None:
    assert major(told) == version


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b"null", b'"ok"'])
async def test_answer_of_something_else_than_odoo_is_away(body: bytes) -> None:
    async with fault_proxy("http://127.0.0.1:9") as proxy:
        proxy.will(Refuse(200, {}, body))
        odoo = JsonRpc(OdooAccount(f"{proxy.url}/", "crm", "x", "secret"), JsonClient())
        with pytest.raises(CrmAway):
            await odoo.version()
        await odoo.close()


def test_secret_is_not_shown() -> None:
    assert "mat-khau" not in repr(OdooAccount("http://x", "crm", "lan", "mat-khau"))
