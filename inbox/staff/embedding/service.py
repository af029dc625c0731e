"""A session for a frame, from the session of the pop-up that the same person signed in with.

A cookie that is set in a pop-up belongs to our own site and is not sent from a frame in another
one. So the pop-up gets a code, hands it to the frame that opened it, and the frame changes it for a
session of its own.
"""

from datetime import timedelta

from inbox.clock import Clock
from inbox.errors import NotAllowed
from inbox.mongo.client import Mongo
from inbox.staff.embedding.store import HandoverStore
from inbox.staff.errors import WrongCredentials
from inbox.staff.model import Actor
from inbox.staff.secrets import new_session_secret, secret_id
from inbox.staff.signing_in import SignedIn, SigningIn
from inbox.staff.store import SessionStore

GOOD_FOR = timedelta(minutes=1)


class HandoverInvalid(NotAllowed):
    """The code was used, is too old, or whoever made it has signed out meanwhile."""

    code = "handover_invalid"
    vi = "Mã đăng nhập đã hết hạn, vui lòng đăng nhập lại."
    en = "The sign-in code has expired, please sign in again."


class Handovers:
    """Codes live a minute, and no longer than the session that made them."""

    def __init__(self, mongo: Mongo, signing_in: SigningIn, clock: Clock) -> None:
        self._handovers = HandoverStore(mongo)
        self._sessions = SessionStore(mongo)
        self._signing_in = signing_in
        self._clock = clock

    async def make(self, actor: Actor) -> str:
        """A code for the frame.

        Raises:
            NotAllowed: by a token: who has found one must not become a session.
        """
        if actor.kind != "staff" or actor.session_id is None:
            raise NotAllowed
        code = new_session_secret()
        until = self._clock.now() + GOOD_FOR
        await self._handovers.insert(secret_id(code), actor.session_id, until=until)
        return code

    async def use(self, code: str, address: str, device: str) -> SignedIn:
        """A new session of the person who made the code.

        Raises:
            HandoverInvalid: see there.
        """
        now = self._clock.now()
        session_id = await self._handovers.take(secret_id(code), now=now)
        record = await self._sessions.get(session_id, now=now) if session_id is not None else None
        if record is None:
            raise HandoverInvalid
        try:
            return await self._signing_in.join(record, address, device)
        except WrongCredentials:
            raise HandoverInvalid from None
