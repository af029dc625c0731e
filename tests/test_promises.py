"""What CONTRIBUTING and ARCHITECTURE promise of the whole repository, checked on its files."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from inbox.errors import InboxError

ROOT = Path(__file__).parents[1]
PACKAGES = ("app", "inbox", "channels", "scheduler", "crm_sync")
LINES_MAX = 400
"""A file that nears this has two ideas in it."""
PERSONAL = {
    "access_token",
    "address",
    "authorization",
    "body",
    "cookie",
    "email",
    "message",
    "name",
    "note",
    "password",
    "payload",
    "phone",
    "phones",
    "raw",
    "secret",
    "signature",
    "text",
    "token",
}
"""What is never a key of a log line: words of customers, and what opens doors."""
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt) else ""
    return f"{path.relative_to(ROOT)}{line}"


def test_every_file_starts_by_saying_what_it_is_for() -> None:
    files = sources(*PACKAGES, "tests", "scripts", "benchmarks")
    assert len(files) > 200

    silent = [place(path) for path in files if not ast.get_docstring(tree_of(path))]

    assert [one for one in silent if "benchmarks/load" not in one] == []


def test_no_source_file_is_long() -> None:
    lengths = {place(one): len(one.read_text().splitlines()) for one in sources(*PACKAGES)}

    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX} == {}


def errors() -> list[type[InboxError]]:
    """Every error of the product that a user may be told."""
    for path in sources(*PACKAGES):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not name.endswith("__main__"):
            importlib.import_module(name.removesuffix(".__init__"))
    found, waiting = [], [InboxError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] in PACKAGES:
            found.append(kind)
    return found


def test_every_error_has_a_code_of_its_own_and_a_sentence_in_both_languages() -> None:
    kinds = errors()
    assert len(kinds) > 20

    for kind in kinds:
        assert {"code", "vi", "en"} <= vars(kind).keys(), kind
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", kind.code), kind
        assert kind.vi != kind.en, kind
    codes = [kind.code for kind in kinds]
    assert sorted(codes) == sorted(set(codes))


def test_sentences_of_errors_name_the_same_things_in_both_languages() -> None:
    for kind in errors():
        assert set(re.findall(r"{(\w+)", kind.vi)) == set(re.findall(r"{(\w+)", kind.en)), kind
        assert kind.vi[0].isupper(), kind
        assert kind.en[0].isupper(), kind


def log_calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in sources(*PACKAGES):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                logger = node.func.value
                named = isinstance(logger, ast.Name) and logger.id in ("log", "logger", "_log")
                if named and node.func.attr in LOG_METHODS:
                    yield path, node


def test_log_lines_are_constant_sentences_with_ids_as_keys() -> None:
    calls = list(log_calls())
    assert len(calls) > 20

    for path, call in calls:
        assert len(call.args) == 1, place(path, call)
        sentence = call.args[0]
        assert isinstance(sentence, ast.Constant), place(path, call)
        assert isinstance(sentence.value, str), place(path, call)
        assert all(keyword.arg is not None for keyword in call.keywords), place(path, call)


def test_nothing_personal_and_no_secret_is_a_key_of_a_log_line() -> None:
    said = {
        place(path, call): sorted({str(one.arg) for one in call.keywords} & PERSONAL)
        for path, call in log_calls()
    }

    assert {where: keys for where, keys in said.items() if keys} == {}


def test_log_lines_name_the_type_of_an_error_and_not_its_message() -> None:
    """A message may hold a document: `BulkWriteError` says everything that was to be written."""
    for path, call in log_calls():
        told = {one.arg: one.value for one in call.keywords}.get("error")
        if isinstance(told, ast.Call):
            assert not isinstance(told.func, ast.Name), place(path, call)  # repr(...), str(...)


def test_loggers_are_one_per_module_and_structlog() -> None:
    for path in sources(*PACKAGES):
        text = path.read_text()
        if re.search(r"\blog\.(debug|info|warning|error|exception)\(", text):
            assert "log = structlog.get_logger(__name__)" in text, place(path)


def told_folders() -> set[str]:
    """The folders of the tree in ARCHITECTURE.md, and of the words that end in "/" beside them."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    block = re.search(r"```tree\n(.*?)```", text, re.DOTALL)
    assert block is not None
    told: set[str] = set()
    top = ""
    for line in block[1].splitlines():
        found = re.match(r"( *)(\w+)/", line)
        if found is None:
            continue
        depth, name = len(found[1]), found[2]
        top = name if depth == 0 else top
        folder = name if depth == 0 else f"{top}/{name}"
        told.add(folder)
    return told


def folders_on_disk() -> set[str]:
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    tops = {
        one.name
        for one in ROOT.iterdir()
        if one.is_dir() and not one.name.startswith(".") and one.name not in ignored
    }
    return tops | {
        f"{package}/{one.parent.name}"
        for package in PACKAGES
        for one in (ROOT / package).glob("*/__init__.py")
    }


def test_tree_in_the_architecture_is_the_tree_on_disk() -> None:
    assert told_folders() == folders_on_disk()


def test_every_package_is_named_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()

    for package in PACKAGES:
        for init in (ROOT / package).glob("*/*/__init__.py"):
            assert re.search(rf"\b{init.parent.name}\b", text), place(init.parent)


def test_tests_stand_where_what_they_test_stands() -> None:
    known = {*PACKAGES, "browser", "crash", "payloads", "__pycache__"}

    assert {one.parent.name for one in (ROOT / "tests").glob("*/*") if one.suffix} <= known


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)


def test_openapi_document_in_docs_is_what_the_routes_say() -> None:
    checked = run(sys.executable, "scripts/openapi.py", "--check")

    assert checked.returncode == 0, checked.stderr


def test_change_of_the_routes_would_be_noticed(tmp_path: Path) -> None:
    """The check of docs/openapi.json on a document that is not of this version."""
    old = tmp_path / "openapi.json"
    old.write_text("{}")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'scripts'); import openapi; "
        f"openapi.DOCUMENT = Path({str(old)!r}); openapi.main(['--check'])"
    )

    checked = run(sys.executable, "-c", code)

    assert checked.returncode == 1
    assert "run make openapi" in checked.stderr


def test_typed_client_of_the_web_is_generated_from_that_document(tmp_path: Path) -> None:
    if not (ROOT / "web" / "node_modules").exists():
        pytest.skip("the packages of web/ are not installed: make test installs them")
    made = tmp_path / "schema.ts"
    words = ("openapi-typescript", "../docs/openapi.json", "--output", str(made))

    generated = run(sys.executable, "scripts/web.py", "npm", "exec", "--", *words)

    assert generated.returncode == 0, generated.stderr
    schema = (ROOT / "web" / "src" / "api" / "schema.ts").read_text()
    assert made.read_text() == schema, "run make openapi"
