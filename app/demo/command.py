"""`python -m app demo`: the real service on its own data, with simulated customers beside it."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import structlog
import uvloop

from app.data_lock import DataLock
from app.demo.accounts import ACCOUNTS, SPARE_ACCOUNTS
from app.demo.answering import CHATTY
from app.demo.apps import Apps
from app.demo.crm import DemoCrm
from app.demo.keys import DemoSecrets, demo_secrets
from app.demo.ports import free_socket
from app.demo.scripts import write_scripts
from app.demo.servers import PlatformSockets, Setting, SimulatedPlatforms
from app.demo.setup import setup
from app.demo.simulation import Simulation
from app.logging import configure_logging
from app.parts import Parts
from app.serving import AddressInUse, database, listening_socket, serve
from app.settings import Settings, crm_variables, load_settings, names_crms
from app.wiring import Service
from inbox.clock import SystemClock

log = structlog.get_logger(__name__)

DEMO_DATA = Path("data/demo")
_PORTS_TRIED = 20

_WELCOME = """
  Hộp thư chat đang chạy thử với khách hàng mô phỏng trên Facebook và Zalo.
  The chat inbox is running with simulated customers on Facebook and Zalo.

      {url}

      E-mail:              {email}   (sale1@demo.local … sale5@demo.local)
      Mật khẩu / Password: {password}

  API: {url}/api/docs          Ctrl-C để dừng / to stop.
"""
_WELCOME_TO_CRM = """
  CRM mô phỏng / simulated CRM: {url}/crm
      Sửa khách hàng ở đó và xem trong hộp thư sau vài giây, hoặc ngược lại.
      Edit a customer there and see it in the inbox seconds later, or the other way round.
"""


def run_demo(config: Path, *, port: int | None, data: Path | None) -> None:
    """Serve until a signal. Without `port`, the first free one from the configured one on.

    Raises:
        DataInUse: another demo runs on this data.
        SettingsError: config.yaml is wrong.
    """
    folder = data or DEMO_DATA
    lock = DataLock(folder / "demo")
    lock.take()
    sockets, crm = PlatformSockets(), None
    try:
        secrets = demo_secrets(folder)
        if not names_crms(config):
            crm = DemoCrm(secrets, folder, SystemClock())
        media_port = _media_port(secrets.media_port)
        overrides = _overrides(folder, sockets, media_port) | (crm.overrides() if crm else {})
        settings = _settings(config, secrets, port, overrides)
        configure_logging(settings.app.log)
        with database(settings) as uri:
            setting = _setting(folder, secrets, sockets, media_port)
            uvloop.run(_serve(settings, uri, secrets, setting, crm))
    finally:
        sockets.close()
        if crm is not None:
            crm.close()
        lock.release()


def _media_port(wanted: int) -> int:
    """Where media is served: the same as before, unless somebody else has taken the port.

    Known before anything starts: media is fetched from this very address and from no other.
    """
    free = free_socket(wanted)
    port: int = free.getsockname()[1]
    free.close()
    return port


def _overrides(folder: Path, sockets: PlatformSockets, media_port: int) -> dict[str, Any]:
    """What the demo decides: where the data is, and that the platforms are the simulated ones."""
    return {
        "app.data": folder,
        "channels.facebook.api_url": sockets.graph_url,
        "channels.facebook.login_url": sockets.graph_url,
        "channels.zalo.api_url": sockets.zalo_url,
        "channels.zalo.oauth_url": sockets.oauth_url,
        "channels.media.allow_hosts": [f"127.0.0.1:{media_port}"],
    }


def _settings(
    config: Path, secrets: DemoSecrets, port: int | None, overrides: dict[str, Any]
) -> Settings:
    environment = secrets.environment()
    if names_crms(config):  # then they are the user's own
        environment |= crm_variables()
    http = load_settings(config, environment, overrides).app.http
    free = port if port is not None else _first_free(http.host, http.port)
    return load_settings(config, environment, {**overrides, "app.http.port": free})


def _first_free(host: str, port: int) -> int:
    """A port that nobody listens on, near the configured one: a demo must simply start."""
    for candidate in range(port, port + _PORTS_TRIED):
        try:
            listening_socket(host, candidate).close()
        except AddressInUse:
            continue
        return candidate
    return 0


def _setting(
    folder: Path, secrets: DemoSecrets, sockets: PlatformSockets, media_port: int
) -> Setting:
    return Setting(
        apps=Apps.of(secrets),
        clock=SystemClock(),
        accounts=(*ACCOUNTS, *SPARE_ACCOUNTS),
        media_port=media_port,
        sockets=sockets,
        memory=folder / "demo" / "platforms.json",
        habits=CHATTY,
    )


async def _serve(
    settings: Settings, uri: str, secrets: DemoSecrets, setting: Setting, crm: DemoCrm | None
) -> None:
    platforms = SimulatedPlatforms(setting)
    clock, media = setting.clock, platforms.media

    async def simulate(service: Service, url: str) -> None:
        await platforms.deliver_to(url)
        access = await setup(service.staff, service.bots, platforms.credentials)
        await write_scripts(service.mongo, service.scripts.configuring, access)
        simulation = Simulation(url, secrets, clock=clock, platform=media)
        simulation.watching = platforms
        await simulation.seed()
        print(  # noqa: T201 - the first thing a new user reads
            _WELCOME.format(url=url, email=access.email, password=access.password), flush=True
        )
        if crm is not None:
            print(_WELCOME_TO_CRM.format(url=crm.url), flush=True)  # noqa: T201 - the second
            await crm.meet(service, access)
        await simulation.run(asyncio.Event())

    async with platforms, crm or nullcontext():
        await serve(settings, uri, Parts(clock=clock, profiles=media), meanwhile=simulate)
