"""Settings: what stands where, and that every mistake is named with its place and its cure."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.check_config import check_config
from app.settings import Settings, load_settings
from app.settings_errors import Problem, SettingsError
from app.settings_secrets import is_secret, leaves, secret_keys_of

ROOT = Path(__file__).parents[2]
KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
OTHER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
ENVIRON = {"INBOX__SECRET_KEY": KEY}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def problems(path: Path, environ: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as wrong:
        load_settings(path, environ)
    return wrong.value.problems


def one_problem(path: Path, text: str) -> Problem:
    path.write_text(text)
    (problem,) = problems(path, ENVIRON)
    return problem


def test_shipped_config_is_valid_and_says_the_defaults() -> None:
    settings = load_settings(ROOT / "config.yaml", ENVIRON)

    assert settings == load_settings_of_nothing()


def load_settings_of_nothing() -> Settings:
    return Settings.model_validate({"inbox": {"secret_key": KEY}})


def test_every_knob_is_in_config_yaml_with_its_default_and_a_comment() -> None:
    text = (ROOT / "config.yaml").read_text()
    shipped = yaml.safe_load(text)
    lines = text.splitlines()
    for key, field in leaves(Settings):
        if is_secret(field):
            continue
        value: Any = shipped
        for name in key:
            assert name in value, f"{'.'.join(key)} is not in config.yaml"
            value = value[name]
        indent = "  " * (len(key) - 1)
        own = [line for line in lines if line.startswith(f"{indent}{key[-1]}: ")]
        assert own, f"{'.'.join(key)} has no line of its own"
        assert all("  # " in line for line in own), f"{'.'.join(key)} has no comment"
        if field.annotation is timedelta:
            assert str(value).startswith("P"), f"{'.'.join(key)} has no unit"


def test_every_secret_is_named_in_config_yaml_and_none_stands_there() -> None:
    text = (ROOT / "config.yaml").read_text()

    for variable in secret_keys_of(Settings):
        assert f"#   {variable} " in text
    for key, field in leaves(Settings):
        assert is_secret(field) or "Secret" not in str(field.annotation), key


def test_sections_are_named_like_the_packages() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}

    assert set(Settings.model_fields) == packages
    for name, field in Settings.model_fields.items():
        assert field.annotation is not None
        assert field.annotation.__module__ == f"{name}.config"


def test_empty_file_means_the_defaults(config: Path) -> None:
    config.write_text("# nothing\n")

    assert load_settings(config, ENVIRON) == load_settings_of_nothing()


def test_section_whose_keys_are_all_commented_out_means_the_defaults(config: Path) -> None:
    config.write_text("app:\n  http:\n    # port: 1\n")

    assert load_settings(config, ENVIRON) == load_settings_of_nothing()


def test_values_of_file_and_environment_meet_in_one_section(config: Path) -> None:
    config.write_text("inbox:\n  mongo: {database: shop}\n  staff: {first_wait: PT1M30S}\n")
    uri = "mongodb://u:p@db/?replicaSet=rs"

    settings = load_settings(config, ENVIRON | {"INBOX__MONGO__URI": uri})

    assert settings.inbox.mongo.database == "shop"
    assert settings.inbox.mongo.uri is not None
    assert settings.inbox.mongo.uri.get_secret_value() == uri
    assert settings.inbox.staff.first_wait == timedelta(seconds=90)


def test_command_line_wins_over_file_and_environment(config: Path) -> None:
    config.write_text("app: {http: {port: 9000, host: 0.0.0.0}}\n")

    settings = load_settings(
        config,
        ENVIRON | {"INBOX__MONGO__URI": "mongodb://a"},
        {"app.http.port": 9001, "inbox.mongo.uri": "mongodb://b"},
    )

    assert (settings.app.http.host, settings.app.http.port) == ("0.0.0.0", 9001)
    assert settings.inbox.mongo.uri is not None
    assert settings.inbox.mongo.uri.get_secret_value() == "mongodb://b"


def test_lists_of_secrets_are_split_at_commas_newest_first(config: Path) -> None:
    config.write_text("")
    environ = ENVIRON | {"CHANNELS__FACEBOOK__APP_SECRETS": " new, old,,"}

    secrets = load_settings(config, environ).channels.facebook.app_secrets

    assert [secret.get_secret_value() for secret in secrets] == ["new", "old"]


def test_several_secret_keys_are_read_padded_or_not(config: Path) -> None:
    config.write_text("")

    keys = load_settings(config, {"INBOX__SECRET_KEY": f"{KEY},{OTHER_KEY}"}).secret_keys()

    assert [len(key) for key in keys] == [32, 32]
    assert keys[1] == bytes(range(32))


def test_secret_comes_from_the_file_that_a_variable_names(config: Path, tmp_path: Path) -> None:
    config.write_text("")
    (tmp_path / "key").write_text(f"{OTHER_KEY}\n")

    settings = load_settings(config, {"INBOX__SECRET_KEY_FILE": str(tmp_path / "key")})

    assert settings.secret_keys() == (bytes(range(32)),)


def test_secrets_are_not_in_the_representation(config: Path) -> None:
    config.write_text("")
    environ = ENVIRON | {"INBOX__ADMIN__PASSWORD": "hunter22", "INBOX__MONGO__URI": "x://u:pw@h"}

    shown = repr(load_settings(config, environ))

    assert "hunter22" not in shown
    assert "pw" not in shown
    assert KEY not in shown


def test_missing_secret_key_stops_the_start_and_says_how_to_make_one(config: Path) -> None:
    config.write_text("")

    (problem,) = problems(config, {})

    assert problem.key == "INBOX__SECRET_KEY"
    assert "secrets.token_urlsafe(32)" in problem.en
    assert "secrets.token_urlsafe(32)" in problem.vi


@pytest.mark.parametrize(
    ("text", "place", "key", "cure"),
    [
        pytest.param("app:\n  htp: {}\n", ":2", "app.htp", "did you mean http?", id="typing slip"),
        pytest.param("web: {}\n", ":1", "web", "known: app, inbox", id="unknown section"),
        pytest.param("scheduler:\n  x: 1\n", ":2", "scheduler.x", "remove", id="empty section"),
        pytest.param(
            "app:\n  http:\n    port: '80'\n",
            ":3",
            "app.http.port",
            "must be a whole number (default: 8080)",
            id="text for a number",
        ),
        pytest.param("app: {processes: true}\n", ":1", "app.processes", "whole number", id="bool"),
        pytest.param("app: {processes: 0}\n", ":1", "app.processes", "greater than 0", id="zero"),
        pytest.param(
            "app:\n  http: {port: 70000}\n", ":2", "app.http.port", "65535 or less", id="port"
        ),
        pytest.param(
            "inbox:\n  live:\n    heartbeat: 20\n",
            ":3",
            "inbox.live.heartbeat",
            "ISO 8601 duration such as PT1.5S or P7D (default: PT20S)",
            id="duration without unit",
        ),
        pytest.param(
            "inbox: {live: {heartbeat: 20s}}", ":1", "inbox.live.heartbeat", "ISO", id="20s"
        ),
        pytest.param(
            "app: {log: {level: loud}}\n", ":1", "app.log.level", "'debug', 'info'", id="choice"
        ),
        pytest.param("app: 3\n", ":1", "app", "must be a section", id="number for a section"),
        pytest.param("- app\n", ":1", "", "must be a section", id="list for the file"),
        pytest.param("app:\n  data: a\n  data: b\n", ":3", "app.data", "twice", id="key twice"),
        pytest.param("app:\n  data: [\n", ":3", "YAML", "cannot be read", id="broken YAML"),
        pytest.param(
            "channels:\n  zalo:\n    domain_codes: x\n",
            ":3",
            "channels.zalo.domain_codes",
            "list such as [a, b]",
            id="text for a list",
        ),
        pytest.param(
            "inbox: {mongo: {database: 26}}",
            ":1",
            "inbox.mongo.database",
            "put it in quotes",
            id="number for text",
        ),
    ],
)
def test_mistake_is_named_with_its_line_and_its_cure(
    config: Path, text: str, place: str, key: str, cure: str
) -> None:
    problem = one_problem(config, text)

    assert problem.where == f"{config}{place}"
    assert problem.key == (key or str(config))
    assert cure in problem.en
    assert problem.vi


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("inbox:\n  secret_key: hunter22\n", "INBOX__SECRET_KEY"),
        ("inbox:\n  mongo: {uri: 'mongodb://u:hunter22@h'}\n", "INBOX__MONGO__URI"),
        ("channels:\n  zalo: {oa_secret_keys: [hunter22]}\n", "CHANNELS__ZALO__OA_SECRET_KEYS"),
    ],
)
def test_secret_in_the_file_is_refused_and_not_repeated(
    config: Path, text: str, variable: str
) -> None:
    problem = one_problem(config, text)

    assert problem.where == f"{config}:2"
    assert variable in problem.en
    assert "hunter22" not in problem.text()


def test_all_problems_are_told_at_once_in_the_order_of_the_file(config: Path) -> None:
    config.write_text("inbox:\n  live: {heartbeat: 1}\napp:\n  port: 1\n  processes: x\n")

    found = problems(config, {"INBOX__SECRETKEY": KEY})

    assert [(problem.key, problem.where.rsplit(":")[-1]) for problem in found] == [
        ("INBOX__SECRETKEY", "environment"),
        ("INBOX__SECRET_KEY", "environment"),
        ("inbox.live.heartbeat", "2"),
        ("app.port", "4"),
        ("app.processes", "5"),
    ]
    assert "did you mean INBOX__SECRET_KEY?" in found[0].en


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"INBOX__SECRET_KEY": "hunter22"}, id="too short"),
        pytest.param({"INBOX__SECRET_KEY": f"{KEY},hunter22"}, id="one of two"),
        pytest.param({"INBOX__SECRET_KEY": ",hunter22,"}, id="commas"),
        pytest.param(ENVIRON | {"INBOX__ADMIN__EMAIL": "hunter22"}, id="no e-mail address"),
    ],
)
def test_bad_variable_is_named_and_its_value_not_repeated(
    config: Path, environ: dict[str, str]
) -> None:
    config.write_text("")

    (problem,) = problems(config, environ)

    assert problem.key in environ
    assert "hunter22" not in problem.text()


def test_secret_file_that_cannot_be_read_is_named(config: Path, tmp_path: Path) -> None:
    config.write_text("")

    found = problems(config, ENVIRON | {"INBOX__ADMIN__PASSWORD_FILE": str(tmp_path / "none")})

    assert [problem.key for problem in found] == ["INBOX__ADMIN__PASSWORD_FILE"]
    assert str(tmp_path / "none") in found[0].en


def test_variable_and_file_for_one_secret_are_refused(config: Path, tmp_path: Path) -> None:
    config.write_text("")
    (tmp_path / "key").write_text(KEY)

    (problem,) = problems(config, ENVIRON | {"INBOX__SECRET_KEY_FILE": str(tmp_path / "key")})

    assert "not both" in problem.en


def test_empty_variable_counts_as_not_set(config: Path) -> None:
    config.write_text("")

    settings = load_settings(config, ENVIRON | {"INBOX__ADMIN__PASSWORD": ""})

    assert settings.inbox.admin.password is None


def test_file_that_is_not_there_is_named(config: Path) -> None:
    (problem,) = problems(config, ENVIRON)

    assert str(config) in problem.en


def test_check_config_prints_every_problem_and_exits_with_1(config: Path) -> None:
    config.write_text("app: {porcesses: 2, data: 3}\n")
    output = io.StringIO()

    assert check_config(config, ENVIRON, output) == 1

    assert f"{config}:1: app.porcesses\n" in output.getvalue()
    assert f"{config}:1: app.data\n" in output.getvalue()
    assert "vi: không có mục này; có phải là processes?" in output.getvalue()


def test_check_config_exits_with_0_when_all_is_well() -> None:
    output = io.StringIO()

    assert check_config(ROOT / "config.yaml", ENVIRON, output) == 0

    assert "fine" in output.getvalue()
