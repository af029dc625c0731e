"""The command line: serve, demo, doctor, migrate, backup, restore, check-config, token, replay,
crm.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from app.backup.command import BackupCommand
from app.check_config import check_config
from app.crm_command import Connection, CrmCommand
from app.demo.command import run_demo
from app.doctor import Finding
from app.logging import configure_logging
from app.parts import ALL_ROLES, Parts, Role
from app.serving import AddressInUse, database, listening_socket, migrated, serve
from app.settings import DEFAULT_PATH, Settings, load_settings
from app.settings_errors import SettingsError
from app.supervisor import Supervisor, this_program
from app.wiring import Service
from crm_sync.mirroring.model import PARKED_CLASSES
from inbox.clock import SystemClock
from inbox.errors import InboxError
from inbox.mongo.client import Mongo
from inbox.mongo.failures import is_passing
from inbox.staff.model import ALL_SCOPES, Scope

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Hộp thư chat cho đội bán hàng. / A chat inbox for sales teams.",
)

crm_cli = typer.Typer(no_args_is_help=True, help="Đồng bộ với CRM. / The mirror into CRMs.")
cli.add_typer(crm_cli, name="crm")

Config = Annotated[Path, typer.Option("--config", help="config.yaml")]
Data = Annotated[
    Path | None, typer.Option("--data", help="folder of the embedded MongoDB and of media")
]
MongoUri = Annotated[
    str | None, typer.Option("--mongo-uri", help="a replica set instead of the embedded MongoDB")
]


class Mark(StrEnum):
    """How a finding of the doctor is shown."""

    ok = "✓"
    warning = "!"
    failed = "✗"


def _settings(config: Path, overrides: dict[str, Any]) -> Settings:
    """The settings, or the end of the program with every problem on standard error."""
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        settings = load_settings(config, overrides=given)
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(problem.text(), err=True)
        raise typer.Exit(2) from None
    configure_logging(settings.app.log)
    return settings


@cli.command("serve")
def serve_command(  # noqa: PLR0913 - one per option
    *,
    config: Config = DEFAULT_PATH,
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 picks a free one")] = None,
    data: Data = None,
    mongo_uri: MongoUri = None,
    roles: Annotated[str, typer.Option(help="web, workers or both")] = "web,workers",
    processes: Annotated[int | None, typer.Option(help="that share the port")] = None,
    shared_port: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the inbox: webhooks, API, web UI and workers."""
    settings = _settings(
        config,
        {
            "app.http.host": host,
            "app.http.port": port,
            "app.data": data,
            "app.processes": processes,
            "inbox.mongo.uri": mongo_uri,
        },
    )
    chosen = _roles(roles)
    with _plainly(), database(settings) as uri:
        if settings.app.processes > 1:
            _serve_many(config, settings, uri, roles)
        else:
            parts = Parts(clock=SystemClock(), roles=chosen)
            uvloop.run(serve(settings, uri, parts, shared=shared_port))


def _roles(text: str) -> frozenset[Role]:
    known: dict[str, Role] = {role: role for role in ALL_ROLES}
    try:
        return frozenset(known[name.strip()] for name in text.split(","))
    except KeyError as error:
        raise typer.BadParameter(f"{error.args[0]}: web, workers") from None


def _serve_many(config: Path, settings: Settings, uri: str, roles: str) -> None:
    http = settings.app.http
    if http.port == 0:
        raise typer.BadParameter("--processes needs a fixed --port")
    listening_socket(http.host, http.port).close()  # sharing it, they would not see others on it
    command = this_program(
        "serve",
        f"--config={config}",
        f"--host={http.host}",
        f"--port={http.port}",
        f"--data={settings.app.data}",
        f"--roles={roles}",
        "--processes=1",
        "--shared-port",
    )
    Supervisor(command, settings.app.processes, {"INBOX__MONGO__URI": uri}).run()


@cli.command()
def demo(
    *,
    config: Config = DEFAULT_PATH,
    port: Annotated[int | None, typer.Option(help="TCP port")] = None,
    data: Data = None,
) -> None:
    """Serve with demo data, simulated customers on Facebook and Zalo, and a simulated CRM."""
    with _plainly():
        run_demo(config, port=port, data=data)


@cli.command("check-config")
def check_config_command(*, config: Config = DEFAULT_PATH) -> None:
    """Say what is wrong with the settings without starting anything."""
    raise typer.Exit(check_config(config))


@cli.command()
def migrate(
    *, config: Config = DEFAULT_PATH, data: Data = None, mongo_uri: MongoUri = None
) -> None:
    """Bring the database to this version: numbered migrations, then missing indexes."""
    _with_service(config, data, mongo_uri, _nothing)
    typer.echo("Cơ sở dữ liệu đã ở phiên bản này. / The database is up to date.")


@cli.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="a new folder for this backup")],
    *,
    media: Annotated[bool, typer.Option(help="stored files too")] = True,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Write the database at one moment, and the stored files, to a folder; the service may run."""
    settings = _settings(config, {"app.data": data, "inbox.mongo.uri": mongo_uri})
    with _plainly(), database(settings, joining=True) as uri:
        command = BackupCommand(settings, uri, _echo_count)
        made = asyncio.run(command.make(folder, with_media=media))
        typer.echo(f"Đã sao lưu vào {folder}. / The backup is in {folder}.")
        if made.missing:
            typer.echo(f"! {made.missing} tệp đã bị xoá trong lúc sao lưu. / files were deleted.")


@cli.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="of a backup")],
    *,
    other_key: Annotated[bool, typer.Option(help="its secrets may stay closed")] = False,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Take a backup back into an empty database; then start the service."""
    settings = _settings(config, {"app.data": data, "inbox.mongo.uri": mongo_uri})
    with _plainly(), database(settings) as uri:
        command = BackupCommand(settings, uri, _echo_count)
        asyncio.run(command.restore(folder, other_key=other_key))
        typer.echo(f"Đã khôi phục từ {folder}. / Everything of {folder} is back.")


def _echo_count(what: str, count: int) -> None:
    typer.echo(f"{what}: {count}")


@cli.command()
def doctor(*, config: Config = DEFAULT_PATH, data: Data = None, mongo_uri: MongoUri = None) -> None:
    """Look at everything and say what to do; exit code 1 when something has failed."""
    findings: list[Finding] = []

    async def look(service: Service) -> None:
        findings.extend(await service.doctor.examine())

    _with_service(config, data, mongo_uri, look, migrating=False)
    for finding in findings:
        typer.echo(f"{Mark[finding.state]} {finding.check}: {finding.vi} / {finding.en}")
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(1)


@cli.command()
def token(  # noqa: PLR0913 - one per option
    *,
    email: Annotated[str, typer.Option(help="of the staff member the token acts for")],
    name: Annotated[str, typer.Option(help="what the token is for")],
    scopes: Annotated[str, typer.Option(help="read, write, admin")] = "read,write",
    days: Annotated[int | None, typer.Option(help="until it ends; never by default")] = None,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Make an API token and print its secret, once."""
    lifetime = timedelta(days=days) if days is not None else None

    async def make(service: Service) -> None:
        typer.echo(await service.make_token(email, name, _scopes(scopes), lifetime))

    _with_service(config, data, mongo_uri, make)


def _scopes(text: str) -> list[Scope]:
    known: dict[str, Scope] = {scope: scope for scope in ALL_SCOPES}
    try:
        return [known[name.strip()] for name in text.split(",")]
    except KeyError as error:
        raise typer.BadParameter(f"{error.args[0]}: {', '.join(sorted(known))}") from None


@cli.command()
def replay(
    *,
    parked: Annotated[bool, typer.Option(help="everything that is parked")] = False,
    since: Annotated[datetime | None, typer.Option(help="UTC, such as 2026-11-22T03:00")] = None,
    until: Annotated[datetime | None, typer.Option(help="UTC; now by default")] = None,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Have kept webhooks applied again, after a parser fix. What is there stays as it is."""
    if not parked and since is None:
        raise typer.BadParameter("--parked or --since")

    async def again(service: Service) -> None:
        count = await service.entries.replay_parked() if parked else 0
        if since is not None:
            end = until.replace(tzinfo=UTC) if until is not None else service.clock.now()
            count += await service.entries.replay_range(since.replace(tzinfo=UTC), end)
        await service.apply_due()
        typer.echo(f"Đã xử lý lại {count} webhook. / {count} webhooks were applied again.")

    _with_service(config, data, mongo_uri, again)


@crm_cli.command("check")
def crm_check(
    *,
    connection: Connection = None,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Try the credentials, and compare the mapping with the CRM's own fields; 1 if not all fits."""
    _crm(config, data, mongo_uri, connection, lambda crm: crm.check())


@crm_cli.command("backfill")
def crm_backfill(
    *,
    connection: Connection = None,
    bot: Annotated[str | None, typer.Option(help="only customers of this bot (its id)")] = None,
    everyone: Annotated[bool, typer.Option(help="also those who have a record already")] = False,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Have customers mirrored whom nobody has edited since the switch was turned on."""
    work = partial(CrmCommand.backfill, bot_id=bot, everyone=everyone)
    _crm(config, data, mongo_uri, connection, work)


@crm_cli.command("reconcile")
def crm_reconcile(
    *,
    connection: Connection = None,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """Compare both sides, and repair what little differs; 1 when it is too much."""
    _crm(config, data, mongo_uri, connection, lambda crm: crm.reconcile())


@crm_cli.command("parked")
def crm_parked(
    *,
    connection: Connection = None,
    kind: Annotated[
        str | None, typer.Option(help="invalid, refused, ambiguous, gone or exhausted")
    ] = None,
    replay: Annotated[bool, typer.Option(help="try them again, as they are now")] = False,
    config: Config = DEFAULT_PATH,
    data: Data = None,
    mongo_uri: MongoUri = None,
) -> None:
    """List the customers whom nobody tries to mirror any more; 1 when there are any."""
    if kind is not None and kind not in PARKED_CLASSES:
        raise typer.BadParameter(f"{kind}: {', '.join(PARKED_CLASSES)}")
    work = partial(CrmCommand.parked, kind=kind, replay=replay)
    _crm(config, data, mongo_uri, connection, work)


def _crm(
    config: Path,
    data: Path | None,
    mongo_uri: str | None,
    connection: str | None,
    work: Callable[[CrmCommand], Awaitable[None]],
) -> None:
    """Run one of the commands; exit code 1 when a person has to do something."""
    failed: list[bool] = []

    async def run(service: Service) -> None:
        command = CrmCommand(service, typer.echo, connection)
        await work(command)
        failed.append(command.failed)

    _with_service(config, data, mongo_uri, run)
    if any(failed):
        raise typer.Exit(1)


def _with_service(
    config: Path,
    data: Path | None,
    mongo_uri: str | None,
    work: Callable[[Service], Awaitable[None]],
    *,
    migrating: bool = True,
) -> None:
    """Run `work` with every part wired but nothing listening."""
    settings = _settings(config, {"app.data": data, "inbox.mongo.uri": mongo_uri})

    async def run(uri: str) -> None:
        mongo = Mongo.connect(uri, settings.inbox.mongo.database)
        clock = SystemClock()
        if migrating:
            await migrated(mongo, clock)
        service = Service(settings, mongo, Parts(clock=clock))
        try:
            await work(service)
        finally:
            await service.close()

    with _plainly(), database(settings, joining=True) as uri:
        asyncio.run(run(uri))


async def _nothing(_: Service) -> None:
    """Wiring up has migrated already."""


class _plainly:  # noqa: N801 - reads as a word: `with _plainly():`
    """Turns what a user can mend into one sentence and exit code 2, without a stack trace."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, InboxError):
            typer.echo(f"{error.sentence('vi')} / {error.sentence('en')}", err=True)
            raise typer.Exit(2) from None
        if isinstance(error, AddressInUse):
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None
        if error is not None and is_passing(error):
            typer.echo("Không kết nối được MongoDB. / MongoDB does not answer.", err=True)
            raise typer.Exit(2) from None
