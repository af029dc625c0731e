"""Comments, visitors' posts and what concerns the page are told apart."""

import orjson
import pytest

from channels.events import (
    Comment,
    MessageHidden,
    MessageRemoved,
    Person,
    Thread,
    Unknown,
)
from tests.channels.facebook.bodies import (
    CUSTOMER,
    FOLLOWER,
    OTHER_CUSTOMER,
    PAGE,
    POST,
    ROOT,
    SENT,
    only,
    sample,
)

AN = Person(id=CUSTOMER, name="Nguyễn Văn An")
BINH = Person(id=OTHER_CUSTOMER, name="Trần Thị Bình")


@pytest.mark.parametrize(
    ("name", "root", "is_root", "author"),
    [
        ("feed_comment_add", ROOT, True, AN),
        ("feed_comment_reply_add", ROOT, False, BINH),
        ("feed_comment_by_page", ROOT, False, Person(id=PAGE, name="Shop Example")),
        ("feed_comment_no_from", "1220034998811201_887766550102", True, None),
        (
            "group_feed_comment",
            "44550012_9001",
            True,
            BINH,
        ),
        ("ig_comment_changes", "18019900", False, Person(id=FOLLOWER, name="an.nguyen")),
        ("ig_comment_flat", "18019923", True, Person(id=FOLLOWER, name="an.nguyen")),
        (
            "feed_post_visitor_add",
            f"{PAGE}_1220099",
            True,
            AN,
        ),
    ],
)
def test_comment_belongs_to_the_thread_of_its_root(
    name: str, root: str, is_root: bool, author: Person | None
) -> None:
    event = only(name)
    assert isinstance(event, Comment)
    assert event.thread == Thread(kind="comment", external_id=root)
    assert (event.is_root, event.author) == (is_root, author)
    assert event.by_account == (author is not None and author.id == PAGE)
    assert event.reply_to == (None if is_root else root)
    assert (event.message_id == root) == is_root


def test_photo_comment_has_its_photo_and_no_text() -> None:
    event = only("feed_comment_photo")
    assert event.text is None
    assert [file.kind for file in event.attachments] == ["image"]
    assert event.post_id == POST


def test_later_facts_of_a_comment_name_the_comment() -> None:
    edited, hidden, removed = map(
        only, ("feed_comment_edited", "feed_comment_hide", "feed_comment_remove")
    )
    assert isinstance(hidden, MessageHidden)
    assert isinstance(removed, MessageRemoved)
    assert edited.message_id == hidden.message_id == removed.message_id == ROOT
    assert edited.thread == removed.thread == Thread(kind="comment", external_id=ROOT)
    assert (edited.number, edited.text) == (1789612405, "Giá bao nhiêu vậy shop?")
    assert hidden.hidden


def test_reaction_on_a_comment_is_taken_back() -> None:
    event = only("feed_reaction_on_comment_remove")
    assert (event.message_id, event.emoji, event.thread) == (ROOT, None, None)
    assert event.person == AN


def test_account_note_names_the_people_in_it() -> None:
    assert only("mention_page").person_ids == (OTHER_CUSTOMER,)
    assert only("feed_reaction_add").person_ids == (CUSTOMER,)
    assert only("feed_status_add_by_page").person_ids == ()
    assert only("page_change_name").data == {"field": "name", "value": "Shop Example Official"}


def test_unknown_event_is_kept_as_it_came() -> None:
    event = only("unknown_event_type")
    body = sample("unknown_event_type")
    assert isinstance(event, Unknown)
    assert orjson.loads(event.raw) == body["entry"][0]["messaging"][0]
    assert event.person_ids == (CUSTOMER,)
    assert event.at == SENT
