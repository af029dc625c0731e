"""The simulated customers: they write a first history, and then go on writing."""

import asyncio
from random import Random
from typing import Protocol

import structlog

from app.demo.cast import Act, Cast
from app.demo.courier import Courier, Disorder, Pace
from app.demo.delivery import Actor, Delivery, epoch_ms
from app.demo.keys import DemoSecrets
from app.demo.meta_actor import MetaActor
from app.demo.people import Person
from app.demo.platform import SimulatedPlatform
from app.demo.zalo_actor import ZaloActor
from inbox.clock import Clock
from inbox.conversations.model import Channel

log = structlog.get_logger(__name__)

_CONVERSATIONS = 26
_SECONDS_BETWEEN = (2.0, 6.0)
_MOST_WAITING = 50
"""While so many deliveries wait for the server to come back, nobody writes anything new."""


class Watching(Protocol):
    """Who must know what the customers do, and knows whom an agent answers."""

    def remember(self, delivery: Delivery) -> None: ...

    def attends(self, customer_id: str) -> bool: ...


class Simulation:
    """Posts signed webhooks to a running server, as Meta and Zalo would.

    Everything that is left to chance comes from `random_seed` and from when it runs.

    Args:
        base_url: of the server, such as "http://127.0.0.1:8080".
        secrets: those that the server checks signatures with.
        clock: tells when live messages are written.
        platform: serves the media; it must be started.
        random_seed: the same one tells the same history.
        pace: waits for a number of seconds.

    `watching` are the simulated APIs, if there are any.
    """

    def __init__(
        self,
        base_url: str,
        secrets: DemoSecrets,
        *,
        clock: Clock,
        platform: SimulatedPlatform,
        random_seed: int = 1,
        pace: Pace = asyncio.sleep,
    ) -> None:
        self._base_url = base_url
        self._secrets = secrets
        self._clock = clock
        self._platform = platform
        self._seed = random_seed
        self._pace = pace
        self.watching: Watching | None = None
        meta = MetaActor(secrets.facebook_app_secret)
        zalo = ZaloActor(secrets.zalo_app_id, secrets.zalo_oa_secret_key)
        self._actors: dict[Channel, Actor] = {"facebook": meta, "instagram": meta, "zalo": zalo}

    async def seed(self) -> int:
        """Post the conversations of the three days before the demo first ran.

        A later call posts the very same messages, which changes nothing. Returns the number of
        requests; all of them are answered, or given up as the platforms would.
        """
        random = Random(f"{self._seed}:history")  # noqa: S311 - chance, not secrecy
        cast = Cast(f"history:{self._seed}", random, self._platform.media_url)
        disorder = Disorder(random)
        deliveries: list[Delivery] = []
        for act in cast.history(self._secrets.created_at, _CONVERSATIONS):
            deliveries += disorder.arrange(self._played(act))
        deliveries += disorder.rest()
        async with Courier(self._base_url, self._pace) as courier:
            courier.post(deliveries)
            await courier.settle()
        log.info("simulated history posted", requests=len(deliveries))
        return len(deliveries)

    async def run(self, stop: asyncio.Event) -> None:
        """Write a message every few seconds until `stop` is set; outlives restarts of the server.

        Nothing that is not delivered then is kept.
        """
        name = f"live:{self._seed}:{epoch_ms(self._clock.now())}"
        random = Random(name)  # noqa: S311 - chance, not secrecy
        cast = Cast(name, random, self._platform.media_url)
        disorder = Disorder(random)
        async with Courier(self._base_url, self._pace) as courier:
            while await self._waited(random.uniform(*_SECONDS_BETWEEN), stop):
                if courier.waiting < _MOST_WAITING:
                    act = cast.next(self._clock.now(), self._attended)
                    courier.post(disorder.arrange(self._played(act)))

    def _played(self, act: Act) -> list[Delivery]:
        deliveries = self._actors[act.scene.person.channel].act(act.move, act.scene, act.at)
        if self.watching is not None:
            for delivery in deliveries:
                self.watching.remember(delivery)
        return deliveries

    def _attended(self, person: Person) -> bool:
        return self.watching is not None and self.watching.attends(person.external_id)

    async def _waited(self, seconds: float, stop: asyncio.Event) -> bool:
        """Wait; False as soon as `stop` is set."""
        resting = asyncio.ensure_future(self._pace(seconds))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({resting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            resting.cancel()
            stopping.cancel()
        return not stop.is_set()
