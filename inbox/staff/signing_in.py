"""Signing in and out: throttled, at constant cost, with sessions that can be ended."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from inbox.clock import Clock
from inbox.config import StaffConfig
from inbox.errors import TooManyTries
from inbox.mongo.client import Mongo, Session
from inbox.staff.authenticator import ActorCache
from inbox.staff.errors import WrongCredentials
from inbox.staff.model import SessionRecord, Staff, Tries
from inbox.staff.passwords import Passwords
from inbox.staff.secrets import new_session_secret, secret_id
from inbox.staff.store import SessionStore, StaffStore, TryStore

log = structlog.get_logger(__name__)

Left = Callable[[str], Awaitable[object]]


async def nobody_asks(_: str) -> None:
    """Where nobody wants to know who has left."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person and the secret of their new session, which only the cookie carries."""

    staff: Staff
    session_secret: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A person whose password was right; `password_hash` is what it was compared with."""

    staff: Staff
    password_hash: str


@dataclass(frozen=True, slots=True)
class SignInStores:
    """What signing in reads and writes."""

    staff: StaffStore
    sessions: SessionStore
    tries: TryStore


class SigningIn:
    """Makes and ends sessions."""

    def __init__(  # noqa: PLR0913 - everything that a sign-in is checked against
        self,
        mongo: Mongo,
        stores: SignInStores,
        passwords: Passwords,
        actors: ActorCache,
        config: StaffConfig,
        clock: Clock,
        *,
        on_left: Left = nobody_asks,
    ) -> None:
        """`on_left` is called with the id of whoever has just signed out of everything."""
        self._mongo = mongo
        self._stores = stores
        self._passwords = passwords
        self._actors = actors
        self._lifetime = config.session_lifetime
        self._rule = Tries(config.free_tries, config.first_wait, config.longest_wait)
        self._clock = clock
        self._on_left = on_left

    async def sign_in(self, email: str, password: str, address: str, device: str = "") -> SignedIn:
        """A new session for whoever has this e-mail and password.

        Raises:
            TooManyTries: too many wrong passwords for this e-mail from this address.
            WrongCredentials: nobody active has this e-mail, or the password is wrong.
        """
        proof = await self.prove(email, password, address)
        return await self._begin(proof.staff, proof.password_hash, address, device)

    async def prove(self, email: str, password: str, address: str) -> Proof:
        """Who has this e-mail and password. Raises as `sign_in`."""
        email = normal_email(email)
        await self._throttle(email, address)
        person = await self._stores.staff.by_email(email)
        kept = await self._stores.staff.password_hash(person.id) if person else None
        if not await self._passwords.matches(kept, password) or person is None:
            raise WrongCredentials
        if not person.active:
            raise WrongCredentials
        await self._stores.tries.forget(email, address)
        assert kept is not None, "nothing matches a hash that is not there"
        if self._passwords.is_outdated(kept):
            fresh = await self._passwords.hash(password)
            if await self._stores.staff.replace_password(person.id, kept, fresh):
                kept = fresh
        return Proof(person, kept)

    async def join(self, other: SessionRecord, address: str, device: str) -> SignedIn:
        """A further session beside one that the person has; it begins only while that one lives.

        Raises:
            WrongCredentials: the other session has ended, or the person is not active.
        """
        person = await self._stores.staff.get(other.staff_id)
        if person is None:
            raise WrongCredentials
        return await self._begin(person, None, address, device, beside=other.id)

    async def sign_out(self, staff_id: str, session_id: str) -> None:
        """End one session of a person; its sockets are closed."""
        now = self._clock.now()
        await self._stores.sessions.end(session_id, now=now)
        self._actors.clear()
        if not await self._stores.sessions.has_any(staff_id, now=now):
            await self._on_left(staff_id)

    async def _throttle(self, email: str, address: str) -> None:
        wait = await self._stores.tries.count(
            email, address, rule=self._rule, now=self._clock.now()
        )
        if wait is not None:
            log.warning("sign-in tries are throttled")
            raise TooManyTries(retry_after_s=math.ceil(wait.total_seconds()))

    async def _begin(
        self,
        person: Staff,
        password_hash: str | None,
        address: str,
        device: str,
        *,
        beside: str | None = None,
    ) -> SignedIn:
        """A new session, unless the password or the person's being active is over meanwhile.

        In one transaction: what ends all sessions of a person ends this one, or prevents it.
        """
        secret = new_session_secret()
        now = self._clock.now()
        record = SessionRecord(
            id=secret_id(secret),
            staff_id=person.id,
            created_at=now,
            used_at=now,
            expires_at=now + self._lifetime,
            device=device,
            address=address,
        )

        async def work(session: Session) -> None:
            still = await self._stores.staff.touch(
                person.id, password_hash=password_hash, session=session
            )
            if beside is not None:
                still = still and await self._stores.sessions.touch(beside, session=session)
            if not still:
                raise WrongCredentials
            await self._stores.sessions.insert(record, session=session)

        await self._mongo.transaction(work)
        log.info("signed in", staff_id=person.id)
        return SignedIn(person, secret)


def normal_email(email: str) -> str:
    """One spelling per address: no outer blanks, lower case."""
    return email.strip().lower()
