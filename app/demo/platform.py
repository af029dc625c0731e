"""The simulated platforms as servers: they tell profiles and serve the media of messages."""

from urllib.parse import quote

from aiohttp import web

from app.demo.accounts import account_of
from app.demo.media import media_content, media_type
from app.demo.people import PEOPLE
from inbox.conversations.model import IdentityRef
from inbox.ports import Profile, ProfileRefused, ProfileUnavailable

_HOST = "127.0.0.1"


class SimulatedPlatform:
    """Implements ProfileSource for the customers of the demo; serves media at loopback.

    Profiles are told without the media server; links to media need `start`. `port` is tried
    first, and any free one is taken when it is in use.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._runner: web.AppRunner | None = None
        self._people = {
            (person.channel, external_id): person
            for person in PEOPLE
            for external_id in (person.external_id, person.commenter_id)
        }
        self._asked: set[IdentityRef] = set()

    async def fetch(self, identity: IdentityRef) -> Profile:
        """The name of a customer; nobody here has an avatar.

        Raises:
            ProfileUnavailable: somebody with a slow profile is asked for the first time.
            ProfileRefused: their profile is closed, or they are nobody of the demo.
        """
        person = self._people.get((identity.channel, identity.external_id))
        if person is None or account_of(identity.channel).account_id != identity.account_id:
            raise ProfileRefused
        if person.profile == "closed":
            raise ProfileRefused
        if person.profile == "slow" and identity not in self._asked:
            self._asked.add(identity)
            raise ProfileUnavailable
        return Profile(name=person.name)

    async def start(self) -> None:
        """Serve the media."""
        application = web.Application()
        application.router.add_get("/media/{name}", self._serve)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, _HOST, self._port).start()
        except OSError:  # somebody else has taken it: older links to media are lost
            await web.TCPSite(runner, _HOST, 0).start()
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def media_url(self, name: str) -> str:
        """Where the file called `name` is served; links in messages keep working as long."""
        return f"http://{_HOST}:{self._port}/media/{quote(name)}"

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = media_type(name)
        if kind is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=media_content(name), content_type=kind, headers=headers)
