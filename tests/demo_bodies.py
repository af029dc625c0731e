"""Bodies of the simulated platforms, checked and parsed as the server does it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

from app.demo.accounts import ZALO_OA
from app.demo.conversations.details import details_for
from app.demo.conversations.story import Story
from app.demo.delivery import Actor, Delivery
from app.demo.keys import DemoSecrets
from app.demo.meta_actor import MetaActor
from app.demo.people import people_of
from app.demo.scene import Scene
from app.demo.zalo_actor import ZaloActor
from channels.events import AnyEvent, Parsed
from channels.facebook.parser import parse as parse_facebook
from channels.facebook.signature import check_signature as check_facebook
from channels.zalo.parser import parse as parse_zalo
from channels.zalo.signature import check_signature as check_zalo
from inbox.conversations.model import Channel

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)

SECRETS = DemoSecrets(
    created_at=datetime(2026, 11, 22, 3, 0, tzinfo=UTC),
    media_port=40404,
    inbox_secret_key="a" * 43 + "=",
    facebook_app_id="1000000000000011",
    facebook_app_secret="app secret of the test",
    facebook_verify_token="verify",
    zalo_app_id="2000000000000000022",
    zalo_app_secret="zalo app secret",
    zalo_oa_secret_key="oa secret key of the test",
)


def media_url(name: str) -> str:
    return f"http://127.0.0.1:{SECRETS.media_port}/media/{name}"


def actor_of(channel: Channel) -> Actor:
    if channel == "zalo":
        return ZaloActor(SECRETS.zalo_app_id, SECRETS.zalo_oa_secret_key)
    return MetaActor(SECRETS.facebook_app_secret)


def scene_of(story: Story, channel: Channel, key: str = "test") -> Scene:
    person = people_of(channel)[0]
    return Scene(key, person, story, details_for(person, Random(7)), media_url)


def played(story: Story, channel: Channel) -> list[Delivery]:
    """Everything that is delivered of a whole story, a minute between its moves."""
    scene, actor = scene_of(story, channel), actor_of(channel)
    return [
        delivery
        for number, move in enumerate(story.moves)
        for delivery in actor.act(move, scene, NOON + timedelta(minutes=number))
    ]


def check(delivery: Delivery) -> None:
    """Raise BadSignature where the server would."""
    if delivery.platform == "zalo":
        check_zalo(
            delivery.body,
            delivery.headers.get("X-ZEvent-Signature"),
            app_id=SECRETS.zalo_app_id,
            oa_secret_keys=[SECRETS.zalo_oa_secret_key.encode()],
        )
    else:
        secrets = [SECRETS.facebook_app_secret.encode()]
        check_facebook(delivery.body, delivery.headers.get("X-Hub-Signature-256"), secrets)


def parsed(delivery: Delivery) -> Parsed:
    if delivery.platform == "zalo":
        known = {ZALO_OA.account_id}
        return parse_zalo(delivery.body, known_oa_ids=known, received_at=NOON)
    return parse_facebook(delivery.body, own_app_id=SECRETS.facebook_app_id, received_at=NOON)


def events_of(deliveries: Iterable[Delivery]) -> list[AnyEvent]:
    return [event for delivery in deliveries for event in parsed(delivery).events]
