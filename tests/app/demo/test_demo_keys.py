"""The secrets that the simulation shares with the server."""

from pathlib import Path

import pytest

from app.demo.keys import BrokenDemoSecrets, demo_secrets
from app.settings import load_settings
from inbox.clock import FixedClock


def test_they_are_made_once_and_kept_for_our_eyes_only(tmp_path: Path, clock: FixedClock) -> None:
    made = demo_secrets(tmp_path, clock)
    assert made.created_at == clock.now()
    path = tmp_path / "demo" / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    assert demo_secrets(tmp_path) == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_demo_has_its_own(tmp_path: Path, clock: FixedClock) -> None:
    one, other = demo_secrets(tmp_path / "a", clock), demo_secrets(tmp_path / "b", clock)
    assert one.facebook_app_secret != other.facebook_app_secret
    assert one.zalo_oa_secret_key != other.zalo_oa_secret_key
    assert one.inbox_secret_key != other.inbox_secret_key
    assert one.facebook_app_secret not in repr(one)


def test_the_settings_of_the_server_take_them(tmp_path: Path, clock: FixedClock) -> None:
    secrets = demo_secrets(tmp_path, clock)
    path = tmp_path / "config.yaml"
    path.write_text("inbox:\n", encoding="utf-8")
    settings = load_settings(path, environ=secrets.environment())
    assert [len(key) for key in settings.secret_keys()] == [32]
    facebook, zalo = settings.channels.facebook, settings.channels.zalo
    assert facebook.app_secrets[0].get_secret_value() == secrets.facebook_app_secret
    assert zalo.oa_secret_keys[0].get_secret_value() == secrets.zalo_oa_secret_key
    assert zalo.app_id == secrets.zalo_app_id


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"facebook_app_secret": 3}'])
def test_a_broken_file_is_named_and_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo" / "secrets.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(BrokenDemoSecrets) as raised:
        demo_secrets(tmp_path)
    assert str(path) in raised.value.sentence("vi")
    assert path.read_text() == content


def test_what_an_earlier_version_did_not_know_is_made_and_kept(
    tmp_path: Path, clock: FixedClock
) -> None:
    made = demo_secrets(tmp_path, clock)
    path = tmp_path / "demo" / "secrets.json"
    path.write_text(made.model_dump_json(exclude={"crm_port", "crm_key"}))

    completed = demo_secrets(tmp_path)

    assert completed.inbox_secret_key == made.inbox_secret_key
    assert completed.crm_key != made.crm_key
    assert demo_secrets(tmp_path) == completed
    assert path.stat().st_mode & 0o777 == 0o600
