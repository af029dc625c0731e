"""The test CRM is made once; whoever asks again is told nothing and waits for nothing."""

from pathlib import Path

import pytest

from tests.crm_sync.odoo import preparing
from tests.crm_sync.odoo.server import OdooServer


def test_what_is_prepared_is_not_prepared_again(
    odoo: OdooServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = preparing.prepare()

    assert found == preparing.prepared()
    assert capsys.readouterr().out == ""


def test_interrupted_preparation_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    def die_half_way(folder: Path) -> None:
        folder.mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        preparing._made_at(tmp_path / "python", die_half_way)
    assert not (tmp_path / "python").exists()

    preparing._made_at(tmp_path / "python", lambda folder: folder.mkdir())
    assert list(tmp_path.iterdir()) == [tmp_path / "python"]


def test_locks_name_no_registry_and_pin_every_package() -> None:
    for path in (preparing._TOOLS, preparing._LIBRARIES, preparing._ODOO):
        lines = path.read_text().splitlines()
        assert not [line for line in lines if "://" in line or line.startswith("--")]
        packages = [line for line in lines if line and line[0].isalpha()]
        assert packages
        assert all("==" in line for line in packages)
        assert sum("--hash=sha256:" in line for line in lines) >= len(packages)
