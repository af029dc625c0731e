"""The same fact in the other forms that Meta has used for it."""

from typing import Any

import pytest

from channels.events import (
    AccountNoted,
    Comment,
    InboundMessage,
    MessageEcho,
    MessageRemoved,
    Reaction,
    Unknown,
)
from tests.channels.facebook.bodies import (
    INSTAGRAM,
    PAGE,
    feed,
    messaging,
    one,
    only,
    read,
    said,
    sample,
    wire,
)


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("https://cdn.fbsbx.com/a/anh%20m%E1%BB%9Bi.JPG?oe=1", "image", "anh mới.JPG"),
        ("https://cdn.fbsbx.com/a/clip.mov", "video", "clip.mov"),
        ("https://cdn.fbsbx.com/a/ghi-am.m4a", "audio", "ghi-am.m4a"),
        ("https://cdn.fbsbx.com/a/trang.svg", "file", "trang.svg"),
        ("https://cdn.fbsbx.com/a/..%2F..%2Fetc%00", "file", ".._.._etc"),
        ("https://cdn.fbsbx.com", "file", None),
        ("My Documents/foo.doc", "file", None),
        ("javascript:alert(1)", "file", None),
        ("https://cdn.fbsbx.com/%ff%fe.pdf", "file", "��.pdf"),
    ],
)
def test_file_is_named_and_sorted_by_its_link(url: str, kind: str, name: str | None) -> None:
    message = {"mid": "m", "attachments": [{"type": "file", "payload": {"url": url}}]}
    (file,) = one(messaging(said(message=message))).attachments
    assert (file.kind, file.name) == (kind, name)
    assert file.url == (url if url.startswith("https://") else None)
    assert file.data.get("url") == (None if file.url else url)


@pytest.mark.parametrize(
    "attachments",
    ["text", {"type": "image"}, [None], [5], [{"type": ["image"]}], [{"payload": []}]],
)
def test_strange_attachment_is_shown_as_unsupported(attachments: Any) -> None:
    event = one(messaging(said(message={"mid": "m", "attachments": attachments})))
    assert [file.kind for file in event.attachments] == ["unsupported"]


@pytest.mark.parametrize(("lat", "long"), [("10.5", "106"), (0, 0), ("0", 0.0)])
def test_place_may_be_written_as_text_and_may_be_zero(lat: Any, long: Any) -> None:
    location = {"type": "location", "payload": {"coordinates": {"lat": lat, "long": long}}}
    (file,) = one(messaging(said(message={"mid": "m", "attachments": [location]}))).attachments
    assert file.data == {"lat": float(lat), "long": float(long)}


def test_old_sticker_is_an_image_with_an_id() -> None:
    image = {"type": "image", "payload": {"url": "https://x.fbcdn.net/1.png", "sticker_id": 7}}
    (file,) = one(messaging(said(message={"mid": "m", "attachments": [image]}))).attachments
    assert (file.kind, file.data) == ("sticker", {"sticker_id": "7"})


def test_what_the_page_does_to_a_thread_is_told_from_the_customer() -> None:
    sides = {"sender": {"id": INSTAGRAM}, "recipient": {"id": "55"}}
    removed, reaction = read(
        messaging(
            {**sides, "message": {"mid": "m", "is_echo": True, "is_deleted": True}},
            {**sides, "reaction": {"mid": "m", "action": "react", "reaction": "love"}},
            page=INSTAGRAM,
            kind="instagram",
        )
    ).events
    assert isinstance(removed, MessageRemoved)
    assert isinstance(reaction, Reaction)
    assert removed.thread == reaction.thread
    assert (reaction.by_account, reaction.person, reaction.emoji) == (True, None, "love")


@pytest.mark.parametrize("app_id", [263902037430900, "26390203743090", "1217981644879628"])
def test_metas_inboxes_are_used_by_humans(app_id: Any) -> None:
    body = sample("echo_other_app")
    body["entry"][0]["messaging"][0]["message"]["app_id"] = app_id
    event = one(wire(body))
    assert isinstance(event, MessageEcho)
    assert event.source == "human"


def test_visitor_whose_name_is_withheld_still_begins_a_thread() -> None:
    event = one(feed(item="photo", verb="add", post_id="p_1", link="https://x.fbcdn.net/1.jpg"))
    assert isinstance(event, Comment)
    assert (event.author, event.by_account, event.is_root) == (None, False, True)
    assert [file.kind for file in event.attachments] == ["image"]


@pytest.mark.parametrize("verb", ["block", None, "follow"])
def test_comment_verb_that_we_do_not_know_is_kept(verb: str | None) -> None:
    event = one(feed(item="comment", verb=verb, comment_id="1_2", post_id="p_1"))
    assert isinstance(event, Unknown)


@pytest.mark.parametrize("item", ["rating", "video", "something_new", None, 5])
def test_other_feed_items_are_kept_on_the_account(item: Any) -> None:
    event = one(feed(item=item, verb="add", post_id="p_1", **{"from": {"id": PAGE}}))
    assert isinstance(event, AccountNoted)


@pytest.mark.parametrize(
    "entry", [{}, {"new_list": [1]}, {"changes": [{"field": "x", "value": {}}]}]
)
def test_entry_of_an_unknown_kind_is_kept(entry: dict[str, Any]) -> None:
    event = one(wire({"object": "page", "entry": [{"id": PAGE, "time": 1789612345, **entry}]}))
    assert isinstance(event, Unknown)


def test_body_about_another_kind_of_object_is_kept_as_unknown() -> None:
    body = sample("message_text") | {"object": "whatsapp_business_account"}
    assert isinstance(one(wire(body)), Unknown)


def test_body_without_its_kind_of_object_is_a_pages() -> None:
    body = sample("message_text")
    del body["object"]
    assert one(wire(body)) == only("message_text")


def test_messages_inside_changes_of_a_real_account_are_messages() -> None:
    body = sample("dashboard_test_button")
    body["entry"][0]["id"] = "23245"
    event = one(wire(body))
    assert isinstance(event, InboundMessage)
    assert event.text == "test_message"
