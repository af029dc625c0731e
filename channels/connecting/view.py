"""Flows and accounts as the API shows them and takes them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from channels.connecting.connecting import Shown, Started
from channels.connecting.errors import REASONS, FlowOver
from channels.connecting.model import ConnectChannel, FoundAccount, Outcome, Place, Result
from channels.connecting.store import AccountState
from channels.facebook.subscribing import missing_of
from inbox.bots.health.reasons import what_to_do
from inbox.conversations.model import Channel
from inbox.http.routing import Body

FlowState = Literal["waiting", "working", "ready", "failed"]
_STATES: dict[str, FlowState] = {
    "started": "waiting",
    "exchanging": "working",
    "ready": "ready",
    "failed": "failed",
}


class ConnectBody(Body):
    """Whose login dialog is to be walked through."""

    channel: ConnectChannel


class StartedView(BaseModel):
    """Send the browser to `url`; it comes back to the settings with `?flow=` and this `id`."""

    id: str
    url: str
    expires_at: datetime


class PlaceView(BaseModel):
    """The bot that an account is in already."""

    bot_id: str
    bot_name: str


class FoundAccountView(BaseModel):
    """An account that permission was given for; `id` goes into `account_ids` of finish."""

    id: str
    channel: Channel
    account_id: str
    name: str
    connected: PlaceView | None
    outcome: Outcome | None
    reason: str | None


class FlowProblemView(BaseModel):
    """Why a flow has failed: a stable code, and a sentence in the language asked for."""

    code: str
    detail: str


class FlowView(BaseModel):
    """A walk through a login dialog.

    `waiting` for the person, `working`, `ready` to choose accounts, or `failed` (start again).
    """

    id: str
    channel: ConnectChannel
    bot_id: str
    state: FlowState
    problem: FlowProblemView | None
    missing_permissions: list[str]
    accounts: list[FoundAccountView]
    expires_at: datetime


class FinishBody(Body):
    """The accounts to connect: ids of the flow's list."""

    account_ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=128)]],
        Field(min_length=1, max_length=500),
    ]


class FinishedAccountView(BaseModel):
    """How one chosen account ended; `reason` is why its page could not be subscribed."""

    id: str
    channel: Channel
    account_id: str
    name: str
    outcome: Outcome
    reason: str | None


class FinishedView(BaseModel):
    """How each chosen account ended."""

    accounts: list[FinishedAccountView]


class CredentialsBody(Body):
    """New secrets of an account; checked at the platform, kept encrypted, never shown again."""

    credentials: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=64)],
            Annotated[str, Field(max_length=4096)],
        ],
        Field(min_length=1, max_length=20),
    ]


class AccountHealthView(BaseModel):
    """How an account is; `reason` is a stable word, `since` when it became so.

    `advice` says what to do about it, in the language asked for; null when it is well.
    """

    state: str
    reason: str | None
    advice: str | None
    since: datetime | None


class SubscriptionView(BaseModel):
    """Whether the page sends us its webhooks; `missing` are fields that it does not send."""

    state: str
    reason: str | None
    missing: list[str]
    checked_at: datetime


class AccountStateView(BaseModel):
    """A connected account for its admins. `subscription` is null where there is none to look at."""

    id: str
    channel: Channel
    account_id: str
    name: str
    bot_id: str
    bot_name: str
    health: AccountHealthView
    subscription: SubscriptionView | None
    has_credentials: bool
    connected_at: datetime


def started_view(started: Started) -> StartedView:
    return StartedView(id=started.id, url=started.url, expires_at=started.expires_at)


def flow_view(shown: Shown, language: str) -> FlowView:
    flow = shown.flow
    grant = flow.grant
    problem = None
    if flow.stage == "failed":
        error = REASONS.get(flow.reason or "", FlowOver)
        problem = FlowProblemView(code=error.code, detail=error().sentence(language))
    return FlowView(
        id=flow.id,
        channel=flow.channel,
        bot_id=flow.bot_id,
        state=_STATES[flow.stage],
        problem=problem,
        missing_permissions=list(grant.missing) if grant is not None else [],
        accounts=[
            _found_view(one, shown.places.get(one.key), flow.results.get(one.key))
            for one in (grant.accounts if grant is not None else ())
        ],
        expires_at=flow.expires_at,
    )


def finished_view(results: list[tuple[FoundAccount, Result]]) -> FinishedView:
    return FinishedView(
        accounts=[
            FinishedAccountView(
                id=found.key,
                channel=found.channel,
                account_id=found.account_id,
                name=found.name,
                outcome=result.outcome,
                reason=result.reason,
            )
            for found, result in results
        ]
    )


def account_state_view(state: AccountState, language: str) -> AccountStateView:
    health, subscription = state.health, state.subscription
    sentence = what_to_do(health.get("reason"))
    advice = sentence.en if language == "en" else sentence.vi
    return AccountStateView(
        id=state.id,
        channel=state.channel,
        account_id=state.account_id,
        name=state.name,
        bot_id=state.bot_id,
        bot_name=state.bot_name,
        health=AccountHealthView(
            state=health["state"],
            reason=health.get("reason"),
            advice=None if health["state"] == "ok" else advice,
            since=health.get("at"),
        ),
        subscription=_subscription_view(dict(subscription)) if subscription is not None else None,
        has_credentials=state.has_credentials,
        connected_at=state.connected_at,
    )


def _subscription_view(kept: dict[str, Any]) -> SubscriptionView:
    return SubscriptionView(
        state=kept["state"],
        reason=kept.get("reason"),
        missing=sorted(missing_of(tuple(kept["fields"])).fields),
        checked_at=kept["checked_at"],
    )


def _found_view(
    found: FoundAccount, place: Place | None, result: Result | None
) -> FoundAccountView:
    connected = None
    if place is not None:
        connected = PlaceView(bot_id=place.bot_id, bot_name=place.bot_name)
    return FoundAccountView(
        id=found.key,
        channel=found.channel,
        account_id=found.account_id,
        name=found.name,
        connected=connected,
        outcome=result.outcome if result is not None else None,
        reason=result.reason if result is not None else None,
    )
