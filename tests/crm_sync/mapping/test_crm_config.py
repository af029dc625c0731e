"""Connections as admins write them: every mistake is named with its line, secrets stay outside."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.settings import load_settings
from app.settings_errors import SettingsError
from crm_sync.config import CrmSyncConfig
from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.presets import PRESETS, default_fields

ROOT = Path(__file__).parents[3]
ENVIRON = {
    "INBOX__SECRET_KEY": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
    "CRM_SYNC__SECRETS": "shop=hunter22",
}
SHOP = """\
crm_sync:
  connections:
    shop:
      kind: odoo
      url: https://shop.odoo.com/
      database: shop
      user: inbox@shop.vn
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def crm(config: Path, text: str, **environ: str) -> CrmSyncConfig:
    config.write_text(text)
    return load_settings(config, ENVIRON | environ).crm_sync


def mistake(config: Path, text: str, **environ: str) -> str:
    with pytest.raises(SettingsError) as wrong:
        crm(config, text, **environ)
    return str(wrong.value)


def test_connection_needs_few_words(config: Path) -> None:
    shop = crm(config, SHOP).connections["shop"]

    assert (shop.kind, shop.url, shop.timeout) == (
        "odoo",
        "https://shop.odoo.com",
        timedelta(seconds=30),
    )
    assert shop.mapping().fields == default_fields("odoo")
    assert shop.mapping().version == 1


def test_default_mapping_is_phone_email_note_and_tags_with_the_name_at_creation() -> None:
    """X.SYN.04: nothing else of a record is written."""
    for kind in PRESETS:
        fields = default_fields(kind)
        assert [one.ours for one in fields] == ["name", "phones", "emails", "note", "tag_ids"]
        assert {one.direction for one in fields} == {"push"}
        assert [one.ours for one in fields if one.is_only_at_creation] == ["name"]


def test_fields_are_read_in_their_order_by_the_names_that_people_know(config: Path) -> None:
    text = f"""{SHOP}      fields:
        - {{ours: tags, theirs: category_id, pii: false}}
        - {{ours: owner, theirs: user_id, direction: both, conflict: newest_wins}}
        - {{ours: attributes.birthday, theirs: x_birthday, direction: pull, clear: keep}}
"""

    fields = crm(config, text).connections["shop"].mapping().fields

    assert fields == (
        FieldMap(ours="tag_ids", theirs="category_id", pii=False),
        FieldMap(ours="owner_id", theirs="user_id", direction="both", conflict="newest_wins"),
        FieldMap(ours="attributes.birthday", theirs="x_birthday", direction="pull", clear="keep"),
    )


def test_example_in_config_yaml_is_the_default_of_every_knob(config: Path) -> None:
    shipped = (ROOT / "config.yaml").read_text()
    block = shipped[shipped.index("crm_sync:") :].splitlines()
    lines = [line.replace("  #  ", "    ", 1) for line in block if line.startswith("  #  ")]
    text = "\n".join(["crm_sync:", "  connections:", *lines])

    shop = crm(config, text).connections["shop"]

    written: dict[str, Any] = yaml.safe_load(text)["crm_sync"]["connections"]["shop"]
    assert written.keys() == type(shop).model_fields.keys()
    assert written["fields"][0].keys() == FieldMap.model_fields.keys()
    assert shop.model_copy(update={"fields": None}) == crm(config, SHOP).connections["shop"]
    assert shop.fields == [FieldMap(ours="phones", theirs="phone")]


@pytest.mark.parametrize(
    ("line", "where", "words"),
    [
        pytest.param("      urll: x\n", ":8", "connections.shop.urll", id="unknown key"),
        pytest.param("      timeout: 30\n", ":8", "ISO 8601", id="duration without unit"),
        pytest.param("      calls_per_second: 0\n", ":8", "greater than 0", id="no call at all"),
        pytest.param("      repair_share: 2\n", ":8", "must be 1.0 or less", id="more than all"),
        pytest.param("      record_url: /contacts/1\n", ":8", "record_url", id="no place for id"),
        pytest.param("      fields: phone\n", ":8", "must be a list", id="text for a list"),
        pytest.param(
            "      fields: [{ours: phones, theirs: phone, way: push}]\n", ":8", "way", id="odd key"
        ),
        pytest.param(
            "      fields: [{ours: address, theirs: street}]\n",
            ":8",
            "attributes.<key>",
            id="unknown field of ours",
        ),
        pytest.param(
            "      fields: [{ours: phones, theirs: phone, transform: html}]\n",
            ":8",
            "auto, e164, join, plain",
            id="transform of another field",
        ),
        pytest.param(
            "      fields: [{ours: name, theirs: name, direction: both}]\n",
            ":8",
            "only be pushed",
            id="name from the CRM",
        ),
        pytest.param(
            "      fields: [{ours: phones, theirs: x}, {ours: note, theirs: x}]\n",
            ":3",
            "x is there twice",
            id="two sources of one field",
        ),
        pytest.param(
            "      fields: [{ours: note, theirs: x, direction: pull},"
            " {ours: note, theirs: y, direction: both}]\n",
            ":3",
            "note is there twice",
            id="one field of ours from two",
        ),
    ],
)
def test_mistake_is_named_with_its_line(config: Path, line: str, where: str, words: str) -> None:
    told = mistake(config, SHOP + line)

    assert f"{config}{where}: crm_sync.connections.shop" in told
    assert words in told


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param("    shop:", "    Shop A:", "Shop A", id="name with a blank"),
        pytest.param("      kind: odoo\n", "", ":3: crm_sync.connections.shop", id="no kind"),
        pytest.param("      url: https://shop.odoo.com/\n", "", "kind and url", id="no address"),
        pytest.param("kind: odoo", "kind: oddo", "'odoo', 'hubspot'", id="unknown CRM"),
        pytest.param("https://", "ftp://", "https://shop.odoo.com", id="not the web"),
        pytest.param("https://", "https://me:pw@", "https://shop.odoo.com", id="password in it"),
        pytest.param("      user: inbox@shop.vn\n", "", "database and user", id="Odoo's login"),
    ],
)
def test_wrong_connection_stops_the_start(config: Path, old: str, new: str, words: str) -> None:
    assert words in mistake(config, SHOP.replace(old, new))


def test_connection_without_its_secret_stops_the_start(config: Path) -> None:
    told = mistake(config, SHOP, CRM_SYNC__SECRETS="")

    assert "no secret for shop" in told


def test_secret_of_a_connection_that_is_not_there_is_a_slip_of_the_pen(config: Path) -> None:
    told = mistake(config, SHOP, CRM_SYNC__SECRETS="shop=a,branch=hunter22")

    assert "not there: branch" in told
    assert "hunter22" not in told


def test_secret_in_the_file_is_refused_and_not_repeated(config: Path) -> None:
    told = mistake(config, f"{SHOP}  secrets: {{shop: hunter23}}\n")

    assert "CRM_SYNC__SECRETS" in told
    assert "hunter23" not in told


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        pytest.param("shop=hunter22", "hunter22", id="plain"),
        pytest.param(" shop = a=b== ", "a=b==", id="with equal signs"),
        pytest.param('{"shop": "a,b"}', "a,b", id="JSON for a comma"),
    ],
)
def test_secrets_are_found_by_the_name_of_the_connection(
    config: Path, text: str, secret: str
) -> None:
    found = crm(config, SHOP, CRM_SYNC__SECRETS=text)

    assert found.secrets["shop"].get_secret_value() == secret
    assert secret not in repr(found)


@pytest.mark.parametrize("text", ["hunter22", "shop=", "=hunter22", "{hunter22"])
def test_secrets_that_nobody_can_read_are_not_repeated(config: Path, text: str) -> None:
    told = mistake(config, SHOP, CRM_SYNC__SECRETS=text)

    assert "CRM_SYNC__SECRETS" in told
    assert "hunter22" not in told


HOOK = """\
crm_sync:
  connections:
    shop:
      kind: webhook
      url: {url}
      allow_private: {private}
"""
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    ("url", "private"),
    [("https://bridge.shop.vn/inbox", "false"), ("http://crm.lan:8080/inbox", "true")],
)
def test_webhook_is_signed_and_goes_out_over_tls(config: Path, url: str, private: str) -> None:
    text = HOOK.format(url=url, private=private)

    found = crm(config, text, CRM_SYNC__SECRETS=f"shop={KEY} {KEY}")

    assert found.connections["shop"].url == url


def test_webhook_without_tls_is_refused(config: Path) -> None:
    text = HOOK.format(url="http://bridge.shop.vn/inbox", private="false")

    assert "https" in mistake(config, text, CRM_SYNC__SECRETS=f"shop={KEY}")


@pytest.mark.parametrize(
    "secret", ["hunter22", "whsec_hunter22", "whsec_!not-base64-at-all-hunter22!"]
)
def test_webhook_needs_a_secret_that_nobody_guesses(config: Path, secret: str) -> None:
    text = HOOK.format(url="https://bridge.shop.vn/inbox", private="false")

    told = mistake(config, text, CRM_SYNC__SECRETS=f"shop={secret}")

    assert "CRM_SYNC__SECRETS of shop" in told
    assert "hunter22" not in told


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        pytest.param({"shop": "too-short"}, "WEBHOOK_SECRETS of shop", id="no key"),
        pytest.param({"shpo": "x" * 30}, "not there: shpo", id="mistyped"),
    ],
)
def test_secret_of_the_crms_own_webhook_is_looked_at_before_one_comes(
    secrets: dict[str, str], told: str
) -> None:
    shop = {"kind": "webhook", "url": "https://crm.shop.vn"}
    settings = {"connections": {"shop": shop}, "secrets": {"shop": "y" * 30}}

    with pytest.raises(ValidationError, match=told):
        CrmSyncConfig.model_validate({**settings, "webhook_secrets": secrets})
