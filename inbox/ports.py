"""What inbox needs of the packages above it: Protocols that they implement and `app` plugs in."""

from dataclasses import dataclass
from typing import Protocol

from inbox.conversations.model import IdentityRef


@dataclass(frozen=True, slots=True)
class Profile:
    """What a channel says of a person. `name` is None where the channel keeps it to itself."""

    name: str | None
    avatar_url: str | None = None


class ProfileUnavailable(Exception):
    """Passing: the platform did not answer, or not now. Worth another try later."""


class ProfileRefused(Exception):
    """Final for now: this person's profile may not be read; the next message asks again."""


class ProfileSource(Protocol):
    """Reads the public profile of a customer from their channel."""

    async def fetch(self, identity: IdentityRef) -> Profile:
        """The profile of `identity`.

        Raises:
            ProfileUnavailable: try again later.
            ProfileRefused: the platform does not tell us; keep the neutral placeholder.
        """
        ...
