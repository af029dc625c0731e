"""A twin of the authenticator that knows its people by name, for tests of routes."""

from inbox.staff.model import Actor


class KnownActors:
    """Each actor's id is the secret of its session and of its token."""

    def __init__(self, *actors: Actor) -> None:
        self._actors = {actor.id: actor for actor in actors}

    async def by_session(self, secret: str) -> Actor | None:
        return self._actors.get(secret)

    async def by_token(self, secret: str) -> Actor | None:
        return self._actors.get(secret)


def bearer(actor: Actor) -> dict[str, str]:
    """The headers by which `actor` signs a request with a token."""
    return {"Authorization": f"Bearer {actor.id}"}
