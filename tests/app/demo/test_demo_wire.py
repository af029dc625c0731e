"""The exact bytes of the simulated platforms, and their signatures."""

import dataclasses

import pytest

from app.demo import facebook, zalo
from app.demo.accounts import FACEBOOK_PAGE
from app.demo.conversations import STORIES
from app.demo.delivery import Delivery
from app.demo.media import media_content
from channels.errors import BadSignature
from inbox.conversations.model import Channel
from tests.demo_bodies import SECRETS, check, events_of, played


def test_meta_escapes_what_is_not_ascii_and_every_slash() -> None:
    body = facebook.wire_bytes({"text": "Giá bn ạ? 😍", "url": "http://127.0.0.1/a"})
    assert body == (rb'{"text":"Gi\u00e1 bn \u1ea1? \ud83d\ude0d","url":"http:\/\/127.0.0.1\/a"}')


def test_zalo_writes_utf_8() -> None:
    body = zalo.wire_bytes({"text": "Giá bn ạ? 😍", "url": "http://127.0.0.1/a"})
    assert body == '{"text":"Giá bn ạ? 😍","url":"http://127.0.0.1/a"}'.encode()


@pytest.mark.parametrize("channel", ["facebook", "zalo"])
def test_a_changed_byte_spoils_the_signature(channel: Channel) -> None:
    story = next(one for one in STORIES if one.name == "asks_shipping_fee")
    delivery = played(story, channel)[0]
    check(delivery)
    spoilt = dataclasses.replace(delivery, body=delivery.body.replace(b"Ship", b"ship"))
    assert spoilt.body != delivery.body
    with pytest.raises(BadSignature):
        check(spoilt)


@pytest.mark.parametrize(
    "delivery",
    [
        facebook.delivery(FACEBOOK_PAGE, [], "another secret"),
        zalo.delivery({"timestamp": "1"}, SECRETS.zalo_app_id, "another key"),
        zalo.delivery({"timestamp": "1"}, "another app", SECRETS.zalo_oa_secret_key),
    ],
    ids=["facebook", "zalo key", "zalo app"],
)
def test_another_secret_or_app_is_refused(delivery: Delivery) -> None:
    with pytest.raises(BadSignature):
        check(delivery)


def test_a_file_on_zalo_has_its_true_size_and_checksum() -> None:
    story = next(one for one in STORIES if one.name == "needs_an_invoice")
    messages = [one for one in events_of(played(story, "zalo")) if one.type == "message"]
    file = next(message.attachments[0] for message in messages if message.attachments)
    assert file.name == "thong-tin-xuat-hoa-don.pdf"
    assert file.size == len(media_content(file.name))
    assert file.mime == "application/pdf"
