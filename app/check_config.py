"""`python -m app check-config`: say what is wrong with the settings without starting anything."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from app.settings import DEFAULT_PATH, load_settings
from app.settings_errors import SettingsError


def check_config(
    path: Path = DEFAULT_PATH,
    environ: Mapping[str, str] | None = None,
    output: TextIO | None = None,
) -> int:
    """Print every problem, or that there is none; the exit code, 0 or 1."""
    output = output or sys.stdout
    try:
        load_settings(path, environ)
    except SettingsError as error:
        output.writelines(f"{problem.text()}\n" for problem in error.problems)
        return 1
    output.write(f"{path}: Cấu hình hợp lệ. / The settings are fine.\n")
    return 0
