"""The command line in processes of its own: what it prints and its exit codes."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from pymongo.database import Database

from tests.app.shop_processes import EMAIL, Document, Shop, get, park, serving
from tests.ingest import FACEBOOK_PAGE


def test_good_settings_pass_the_check(shop: Shop) -> None:
    run = shop.run("check-config")

    assert (run.returncode, run.stderr) == (0, "")
    assert "Cấu hình hợp lệ" in run.stdout
    assert "The settings are fine" in run.stdout


def test_bad_settings_are_named_with_file_and_line(shop: Shop) -> None:
    shop.config.write_text("app:\n  http:\n    port: many\n  colour: red\n")

    checked, served = shop.run("check-config"), shop.run("serve")

    assert (checked.returncode, served.returncode) == (1, 2)
    for said in (checked.stdout, served.stderr):
        assert f"{shop.config}:3" in said
        assert f"{shop.config}:4" in said
        assert "Traceback" not in said


def test_migrate_makes_the_database_and_may_be_repeated(
    shop: Shop, database: "Database[Document]"
) -> None:
    for _ in range(2):
        run = shop.run("migrate")
        assert run.returncode == 0, run.stderr
        assert "The database is up to date" in run.stdout

    assert database["migrations"].count_documents({}) >= 1
    assert "webhook_journal" in database.list_collection_names()


def test_doctor_says_what_is_missing_and_changes_nothing(
    shop: Shop, database: "Database[Document]"
) -> None:
    run = shop.run("doctor")

    assert run.returncode == 1
    assert re.search(r"^✗ migrations: .*python -m app migrate", run.stdout, re.MULTILINE)
    assert re.search(r"^! facebook: .*CHANNELS__FACEBOOK__APP_SECRETS", run.stdout, re.MULTILINE)
    assert re.search(r"^! zalo: ", run.stdout, re.MULTILINE)
    assert database.list_collection_names() == []


def test_doctor_shows_unknown_accounts_and_parked_webhooks(
    shop: Shop, database: "Database[Document]"
) -> None:
    shop.run("migrate")
    healthy = shop.run("doctor")
    parked = park(database)

    run = shop.run("doctor")

    assert (healthy.returncode, run.returncode) == (0, 0), run.stderr
    assert re.search(r"^✓ parked: ", healthy.stdout, re.MULTILINE)
    assert re.search(rf"^! unknown_account: facebook {FACEBOOK_PAGE} ", run.stdout, re.MULTILINE)
    assert re.search(rf"^! parked: .*{parked} unknown_account", run.stdout, re.MULTILINE)
    assert "not json" not in run.stdout


def test_database_that_does_not_answer_is_one_sentence_and_no_stack_trace(
    shop: Shop, free_port: int
) -> None:
    nobody, words = f"mongodb://127.0.0.1:{free_port}/", ("migrate", "doctor")

    with ThreadPoolExecutor() as both:  # each waits five seconds for an answer
        migrated, examined = both.map(lambda name: shop.run(name, uri=nobody), words)

    assert migrated.returncode == 2
    assert migrated.stderr == "Không kết nối được MongoDB. / MongoDB does not answer.\n"
    assert examined.returncode == 1
    assert re.search(r"^✗ database: .*MongoDB does not answer", examined.stdout, re.MULTILINE)


def test_replay_needs_to_be_told_what(shop: Shop) -> None:
    run = shop.run("replay")

    assert run.returncode == 2
    assert "--parked" in run.stderr


def test_replay_of_what_is_parked_applies_it_again(
    shop: Shop, database: "Database[Document]"
) -> None:
    shop.run("migrate")
    parked = park(database)

    run = shop.run("replay", "--parked")

    assert (run.returncode, run.stdout) == (
        0,
        "Đã xử lý lại 1 webhook. / 1 webhooks were applied again.\n",
    )
    entry = database["webhook_journal"].find_one({"_id": parked})
    assert entry is not None
    assert entry["parked"]["reason"] == "malformed_body"  # read anew, and found to be no JSON
    assert "apply" not in entry


def test_replay_since_takes_what_was_received_from_then_on(
    shop: Shop, database: "Database[Document]"
) -> None:
    shop.run("migrate")
    old = park(database)
    new = park(database, received_at=datetime(2026, 11, 2, 3, tzinfo=UTC))

    run = shop.run("replay", "--since=2026-11-02T00:00", "--until=2026-11-03T00:00")

    assert run.returncode == 0, run.stderr
    assert "1 webhooks were applied again" in run.stdout
    reasons = {one["_id"]: one["parked"]["reason"] for one in database["webhook_journal"].find()}
    assert reasons == {old: "unknown_account", new: "malformed_body"}


def test_token_of_the_command_line_opens_the_api(shop: Shop) -> None:
    with serving(shop, "--port=0") as service:
        [(_, url)] = service.ready()

        made = shop.run("token", f"--email={EMAIL}", "--name=CI", "--scopes=read")
        stranger = shop.run("token", "--email=nobody@shop.vn", "--name=CI")
        wrong = shop.run("token", f"--email={EMAIL}", "--name=CI", "--scopes=everything")

        assert made.returncode == 0, made.stderr
        secret = made.stdout.strip()
        status, me = get(f"{url}/api/v1/me", Authorization=f"Bearer {secret}")
        assert (status, EMAIL in me) == (200, True)
        assert get(f"{url}/api/v1/me")[0] == 401
        assert (stranger.returncode, wrong.returncode) == (2, 2)
        assert "Not found" in stranger.stderr
        assert service.stop() == 0
