"""An inbox over HTTPS and plainly, and pages of other products that show its sidebar in a frame."""

import ipaddress
import secrets
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import SecretStr

from app.parts import Parts
from app.serving import WEB_BUILD, listening_socket
from app.settings import load_settings
from app.wiring import Service
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import migrate

OWNER, PASSWORD = "owner@shop.example", "mat-khau-that-dai"

_PAGE = """<!doctype html><meta charset="utf-8"><title>CRM</title>
<script>
  window.heard = []
  addEventListener('message', (event) => heard.push(event.data))
  const tell = (data) => document.querySelector('iframe').contentWindow.postMessage(data, '*')
</script>
<iframe id="inbox" src="{frame}" width="400" height="800"></iframe>
<iframe id="intruder" src="{intruder}"></iframe>
"""
_INTRUDER = """<!doctype html><meta charset="utf-8">
<script>const tell = (data) => parent.frames[0].postMessage(data, '*')</script>
"""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Addresses. The CRM may frame us, the stranger may not; the plain ones are without TLS.

    "localhost" and "127.0.0.1" are two sites for a browser.
    """

    service: Service
    crm: str
    stranger: str
    plain_crm: str


def _port(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


@asynccontextmanager
async def hosts(mongo: Mongo, mongo_uri: str, data: Path) -> AsyncIterator[Hosts]:
    """Everything on free ports of loopback, until the end."""
    tls = _tls(data)
    sockets = [listening_socket("127.0.0.1", 0) for _ in range(5)]
    ours, our_plain, crm, stranger, plain_crm = sockets
    origins = [f"https://127.0.0.1:{_port(crm)}", f"http://127.0.0.1:{_port(plain_crm)}"]
    settings = load_settings(
        Path("config.yaml"),
        {
            "INBOX__SECRET_KEY": secrets.token_urlsafe(32),
            "INBOX__ADMIN__EMAIL": OWNER,
            "INBOX__ADMIN__PASSWORD": PASSWORD,
        },
        {
            "app.data": data,
            "inbox.mongo.uri": SecretStr(mongo_uri),
            "inbox.mongo.database": mongo.db.name,
            "inbox.embedding.frame_ancestors": origins,
        },
    )
    database = Mongo.connect(mongo_uri, mongo.db.name)
    await migrate(database, SystemClock(), owner="test")
    service = Service(settings, database, Parts(clock=SystemClock(), web_build=WEB_BUILD))
    runners = [web.AppRunner(service.application, shutdown_timeout=1)]
    await runners[0].setup()
    await service.start()
    await web.SockSite(runners[0], ours, ssl_context=tls).start()
    await web.SockSite(runners[0], our_plain).start()
    frame = f"https://localhost:{_port(ours)}/sidebar"
    plain_frame = f"http://localhost:{_port(our_plain)}/sidebar"
    for listening, shown, context in (
        (crm, frame, tls),
        (stranger, frame, tls),
        (plain_crm, plain_frame, None),
    ):
        intruder = f"https://127.0.0.1:{_port(stranger)}/intruder"
        runner = web.AppRunner(_product(shown, intruder), shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, listening, ssl_context=context).start()
        runners.append(runner)
    try:
        yield Hosts(service, origins[0], f"https://127.0.0.1:{_port(stranger)}", origins[1])
    finally:
        service.let_clients_go()
        for runner in runners:
            await runner.cleanup()
        await service.stop()


def _product(frame: str, intruder: str) -> web.Application:
    async def page(_: web.Request) -> web.Response:
        text = _PAGE.replace("{frame}", frame).replace("{intruder}", intruder)
        return web.Response(text=text, content_type="text/html")

    async def intrude(_: web.Request) -> web.Response:
        return web.Response(text=_INTRUDER, content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    application.router.add_get("/intruder", intrude)
    return application


def _tls(folder: Path) -> ssl.SSLContext:
    """A certificate of our own making for both names of loopback."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    both = folder / "tls.pem"
    both.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context
