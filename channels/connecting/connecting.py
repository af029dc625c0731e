"""Walks of admins through the platforms' login dialogs: begun, come back, looked at, finished.

A code works once. Who may exchange it is decided by one conditional write before the call, so a
callback that comes twice finds the outcome of the first. A process that dies between the
platform's answer and the save leaves a flow in `exchanging`: after two minutes it has failed as
`connect_interrupted`, and the person starts again. Nothing is lost by it at Meta, whose tokens
live beside each other; at Zalo the answer has killed the OA's access token, and the account says
so (`reauth`) if its refresh token died as well.
"""

import asyncio
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import structlog

from channels.connecting.attaching import Attaching
from channels.connecting.errors import (
    REASONS,
    AppRefused,
    ChannelNotSetUp,
    ConnectDenied,
    ConnectInProgress,
    ConnectInterrupted,
    FlowNotReady,
    FlowOver,
    SessionNeeded,
    WrongBrowser,
    unknown_choice,
)
from channels.connecting.model import (
    ConnectChannel,
    Flow,
    FoundAccount,
    Grant,
    Login,
    LoginFailed,
    Place,
    Result,
)
from channels.connecting.store import ConnectedAccounts, FlowStore
from inbox.clock import Clock
from inbox.errors import InboxError
from inbox.ids import random_id
from inbox.mongo.client import Mongo, Session
from inbox.mongo.failures import is_passing
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

DIALOG_WITHIN = timedelta(minutes=15)
"""From the click until the browser is back; the platforms' codes live for ten of them."""
CHOOSE_WITHIN = timedelta(minutes=30)
"""To choose pages after that; then their tokens are deleted."""
EXCHANGE_WITHIN = timedelta(minutes=2)
"""Longer than all calls of one exchange may take with a database that is away for a moment."""
_DENIED = (None, "access_denied")
"""What a dialog says when the person did not agree; anything else is about the app.
https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow#nonjscancel"""
_SAVE_FOR_S = 30.0
_SAVE_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Started:
    """A flow and the address of its dialog, where the browser goes."""

    id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CameBack:
    """What a dialog sent the browser back with; `error` is what the platform says instead."""

    state: str
    code: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A flow, and where the accounts that it found are connected already."""

    flow: Flow
    places: Mapping[str, Place]


class Connecting:
    """Flows through the dialogs of `logins`; none while no platform is wired."""

    def __init__(
        self,
        mongo: Mongo,
        flows: FlowStore,
        attaching: Attaching | None,
        logins: Mapping[ConnectChannel, Login],
        clock: Clock,
    ) -> None:
        self._mongo = mongo
        self._flows = flows
        self._accounts = ConnectedAccounts(mongo)
        self._audit = AuditStore(mongo)
        self._attaching = attaching
        self._logins = logins
        self._clock = clock

    async def start(
        self, actor: Actor, bot_id: str, channel: ConnectChannel, redirect_uri: str
    ) -> Started:
        """Begin a flow in the actor's browser.

        Raises:
            SessionNeeded: the actor is a token.
            ChannelNotSetUp: the app's id or secret is missing.
        """
        if actor.session_id is None:
            raise SessionNeeded
        login = self._logins.get(channel)
        if login is None or not login.is_set_up:
            raise ChannelNotSetUp
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = self._clock.now()
        flow = Flow(
            id=random_id(),
            channel=channel,
            bot_id=bot_id,
            staff_id=actor.id,
            session_id=actor.session_id,
            redirect_uri=redirect_uri,
            stage="started",
            expires_at=now + DIALOG_WITHIN,
            verifier=verifier,
        )

        async def work(session: Session) -> None:
            await self._flows.insert(flow, _hash(state), session=session)
            await self._record(actor, flow, "account_connect_started", session=session)

        await self._mongo.transaction(work)
        url = login.dialog_url(redirect_uri=redirect_uri, state=state, challenge=_s256(verifier))
        return Started(flow.id, url, flow.expires_at)

    async def come_back(self, actor: Actor | None, channel: ConnectChannel, back: CameBack) -> Flow:
        """The dialog has sent the browser back: the flow, which is ready. Safe to repeat.

        Raises:
            FlowOver, WrongBrowser: nothing happens to the flow.
            ConnectDenied, ConnectInterrupted, CodeRefused, AppRefused, NothingGranted,
            PlatformSilent: the flow has failed, now or before.
            ConnectInProgress: another request is at it.
        """
        flow = await self._flows.by_state(_hash(back.state))
        if flow is None or flow.channel != channel or flow.expires_at <= self._clock.now():
            raise FlowOver
        if actor is None or not _is_of(flow, actor) or not actor.at_least("admin"):
            raise WrongBrowser
        if flow.stage != "started":
            return await self._settled(flow)
        if back.code is None:
            log.info("permission was not given", flow=flow.id)
            denied = back.error in _DENIED
            raise await self._failed(actor, flow, ConnectDenied if denied else AppRefused)
        if not await self._flows.begin_exchange(flow.id, self._clock.now() + EXCHANGE_WITHIN):
            return await self._settled(await self._again(flow.id))
        grant = await self._exchange(actor, flow, back.code)
        await self._keep(actor, flow, grant)
        return await self._again(flow.id)

    async def show(self, actor: Actor, flow_id: str) -> Shown:
        """A flow of the actor. Raises FlowOver."""
        flow = await self._again(flow_id)
        if flow.staff_id != actor.id:
            raise FlowOver
        if flow.is_abandoned(self._clock.now()):
            await self._flows.fail(flow.id, ConnectInterrupted.code)
            flow = await self._again(flow_id)
        keys = [one.key for one in flow.grant.accounts] if flow.grant is not None else []
        return Shown(flow, await self._accounts.places(keys))

    async def finish(
        self, actor: Actor, flow_id: str, chosen: Sequence[str]
    ) -> list[tuple[FoundAccount, Result]]:
        """Connect accounts that the flow has found; how each ended. Safe to repeat.

        `chosen` are ids of the flow's list, or the platform's own.

        Raises:
            FlowOver: the flow is not the actor's, or too old.
            FlowNotReady: the dialog has not ended with permission.
            InvalidInput: an account is not in the list.
            NotFound: the bot is gone.
        """
        shown = await self.show(actor, flow_id)
        flow, grant = shown.flow, shown.flow.grant
        if grant is None or self._attaching is None:
            raise FlowNotReady
        results = []
        for found in _chosen(grant, chosen):
            result = flow.results.get(found.key)
            place = shown.places.get(found.key)
            still_there = place is not None and place.bot_id == flow.bot_id
            if result is None or result.reason or not still_there:
                result = await self._attach(actor, flow, found, grant.granted_by)
            results.append((found, result))
        return results

    async def _attach(
        self, actor: Actor, flow: Flow, found: FoundAccount, granted_by: str | None
    ) -> Result:
        assert self._attaching is not None
        before = flow.results.get(found.key)
        if before is not None and found.channel == "zalo":
            raise FlowOver  # the pair was handed over then: by now it is refreshed, or dead
        result = await self._attaching.attach(actor, flow.bot_id, found, granted_by)
        if result.outcome == "reconnected" and before is not None:
            result = Result("connected")  # a try before, whose page could not be subscribed
        await self._flows.note_result(flow.id, found.key, result)
        return result

    async def _exchange(self, actor: Actor, flow: Flow, code: str) -> Grant:
        login = self._logins[flow.channel]
        try:
            return await login.complete(
                code=code, redirect_uri=flow.redirect_uri, verifier=flow.verifier
            )
        except LoginFailed as failed:
            raise await self._failed(actor, flow, failed.error) from failed

    async def _keep(self, actor: Actor, flow: Flow, grant: Grant) -> None:
        """Save what cannot be had again, however long the database is away (within reason)."""
        expires_at = self._clock.now() + CHOOSE_WITHIN
        give_up_at = asyncio.get_running_loop().time() + _SAVE_FOR_S
        while True:
            try:
                if self._attaching is not None:
                    await self._attaching.keep_grant_alive(actor, grant)
                await self._flows.keep_grant(flow.id, grant, expires_at=expires_at)
                break
            except Exception as error:
                over = asyncio.get_running_loop().time() > give_up_at
                if over or not is_passing(error):
                    raise
                await asyncio.sleep(_SAVE_AGAIN_S)
        await self._record(
            actor, flow, "account_connect_granted", accounts=[one.key for one in grant.accounts]
        )

    async def _settled(self, flow: Flow) -> Flow:
        """What has become of a flow whose code was used: the flow, or its failure raised."""
        if flow.stage == "ready":
            return flow
        if flow.is_abandoned(self._clock.now()):
            await self._flows.fail(flow.id, ConnectInterrupted.code)
            raise ConnectInterrupted
        if flow.stage == "exchanging":
            raise ConnectInProgress
        raise REASONS.get(flow.reason or "", FlowOver)

    async def _failed(self, actor: Actor, flow: Flow, error: type[InboxError]) -> InboxError:
        await self._flows.fail(flow.id, error.code)
        await self._record(actor, flow, "account_connect_failed", reason=error.code)
        return error()

    async def _again(self, flow_id: str) -> Flow:
        flow = await self._flows.get(flow_id)
        if flow is None or flow.expires_at <= self._clock.now():
            raise FlowOver
        return flow

    async def _record(
        self,
        actor: Actor,
        flow: Flow,
        action: str,
        *,
        session: Session | None = None,
        **changes: object,
    ) -> None:
        await self._audit.record(
            actor,
            action,
            ("bot", flow.bot_id),
            at=self._clock.now(),
            changes={"channel": flow.channel, "flow": flow.id, **changes},
            session=session,
        )


def _is_of(flow: Flow, actor: Actor) -> bool:
    return actor.session_id is not None and hmac.compare_digest(
        flow.session_id.encode(), actor.session_id.encode()
    )


def _chosen(grant: Grant, chosen: Sequence[str]) -> list[FoundAccount]:
    """Raises InvalidInput."""
    by_id = {one.account_id: one for one in grant.accounts} | {
        one.key: one for one in grant.accounts
    }
    found = []
    for position, wanted in enumerate(dict.fromkeys(chosen)):
        if wanted not in by_id:
            raise unknown_choice(f"account_ids.{position}")
        found.append(by_id[wanted])
    return list({one.key: one for one in found}.values())


def _hash(state: str) -> str:
    return sha256(state.encode()).hexdigest()


def _s256(verifier: str) -> str:
    """PKCE's challenge: https://datatracker.ietf.org/doc/html/rfc7636#section-4.2"""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
