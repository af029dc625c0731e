"""Every script of the demo, played on every channel it is for, as the server understands it."""

import unicodedata
from collections import Counter
from dataclasses import fields
from datetime import UTC
from typing import get_args

import pytest

from app.demo.accounts import account_of
from app.demo.conversations import STORIES
from app.demo.conversations.story import (
    Answers,
    AnswersComment,
    Arrives,
    Comments,
    Edits,
    FillsForm,
    Follows,
    Hides,
    MediaKind,
    Move,
    OpensChat,
    Presses,
    Reacts,
    Removes,
    Story,
    Writes,
)
from app.demo.people import PEOPLE
from channels.events import (
    Comment,
    CustomerNoted,
    Followed,
    InboundMessage,
    InfoSubmitted,
    MessageEcho,
    MessageEdited,
    MessageHidden,
    MessageRemoved,
    PlatformEvent,
    Postback,
    Reaction,
    Referred,
)
from inbox.conversations.model import AttachmentKind, Channel
from tests.demo_bodies import NOON, SECRETS, check, events_of, media_url, parsed, played

INTENDED: dict[type[Move], type[PlatformEvent]] = {
    Writes: InboundMessage,
    Answers: MessageEcho,
    Presses: Postback,
    Arrives: Referred,
    Follows: Followed,
    OpensChat: CustomerNoted,
    FillsForm: InfoSubmitted,
    Reacts: Reaction,
    Edits: MessageEdited,
    Removes: MessageRemoved,
    Comments: Comment,
    AnswersComment: Comment,
    Hides: MessageHidden,
}

PLAYS = [
    pytest.param(story, channel, id=f"{story.name}-{channel}")
    for story in STORIES
    for channel in story.channels
]


@pytest.mark.parametrize(("story", "channel"), PLAYS)
def test_every_body_is_signed_and_understood(story: Story, channel: Channel) -> None:
    for delivery in played(story, channel):
        check(delivery)
        result = parsed(delivery)
        assert result.events
        assert not result.bad
        assert "unknown" not in {event.type for event in result.events}
        for event in result.events:
            assert event.channel == channel
            assert event.account_id == account_of(channel).account_id
            assert event.at.tzinfo == UTC
            assert event.at >= NOON


@pytest.mark.parametrize(("story", "channel"), PLAYS)
def test_every_move_becomes_the_event_it_stands_for(story: Story, channel: Channel) -> None:
    happened = Counter[type[PlatformEvent]](
        type(event) for event in events_of(played(story, channel))
    )
    wanted = Counter(INTENDED[type(move)] for move in story.moves)
    for kind, count in wanted.items():
        assert happened[kind] >= count, kind
    receipts = {"delivery", "seen"}
    rest = {event.type for event in events_of(played(story, channel))} - receipts
    assert rest == {kind.model_fields["type"].default for kind in wanted}


@pytest.mark.parametrize(("story", "channel"), PLAYS)
def test_messages_of_a_story_have_ids_of_their_own_and_no_gaps(
    story: Story, channel: Channel
) -> None:
    events = events_of(played(story, channel))
    messages = [
        event
        for event in events
        if isinstance(event, InboundMessage | MessageEcho | Postback | Comment)
    ]
    ids = [message.message_id for message in messages]
    assert len(ids) == len(set(ids))
    for message in messages:
        said = message.title if isinstance(message, Postback) else message.text
        assert said is None or "{" not in said
        for file in () if isinstance(message, Postback) else message.attachments:
            assert "{" not in (file.url or "") + (file.name or "")


@pytest.mark.parametrize(("story", "channel"), PLAYS)
def test_facts_about_messages_name_messages_of_their_thread(story: Story, channel: Channel) -> None:
    events = events_of(played(story, channel))
    known = {
        event.message_id
        for event in events
        if isinstance(event, InboundMessage | MessageEcho | Comment)
    }
    for event in events:
        if isinstance(event, Reaction | MessageEdited | MessageRemoved | MessageHidden):
            assert event.message_id in known
        if isinstance(event, InboundMessage | MessageEcho) and event.reply_to is not None:
            assert event.reply_to in known


def test_the_library_has_at_least_25_scripts_with_names_of_their_own() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES) >= 25


def test_all_kinds_of_moves_media_and_channels_occur() -> None:
    moves = [move for story in STORIES for move in story.moves]
    assert {type(move) for move in moves} == set(INTENDED)
    media: set[AttachmentKind] = {
        one.kind for move in moves if isinstance(move, Writes | Answers) for one in move.media
    }
    assert media == set(get_args(MediaKind))
    per_channel = Counter(channel for story in STORIES for channel in story.channels)
    assert all(per_channel[channel] >= 15 for channel in ("facebook", "instagram", "zalo"))


def test_texts_are_written_with_composed_accents() -> None:
    texts = [
        value
        for story in STORIES
        for move in story.moves
        for field in fields(move)
        if isinstance(value := getattr(move, field.name), str)
    ]
    assert any("ạ" in text for text in texts)
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)
    assert all(unicodedata.is_normalized("NFC", person.name) for person in PEOPLE)


def test_the_customers_are_forty_different_people_with_reserved_phones() -> None:
    assert len(PEOPLE) == 40
    assert len({person.external_id for person in PEOPLE}) == 40
    assert len({person.phone for person in PEOPLE}) == 40
    assert all(person.phone.startswith("0900000") for person in PEOPLE)
    assert all(len(person.phone) == 10 for person in PEOPLE)


@pytest.mark.parametrize("channel", ["facebook", "zalo"])
def test_a_picture_can_be_fetched_where_the_message_says(channel: Channel) -> None:
    story = next(one for one in STORIES if one.name == "pays_a_deposit")
    messages = [one for one in events_of(played(story, channel)) if one.type == "message"]
    with_receipt = next(message for message in messages if message.attachments)
    assert with_receipt.text == "Ck r nha shop check giúp mình"
    assert with_receipt.attachments[0].kind == "image"
    assert with_receipt.attachments[0].url == media_url("bien-lai-chuyen-khoan.png")


def test_answers_in_the_platforms_tool_are_told_from_automatic_ones() -> None:
    story = next(one for one in STORIES if one.name == "comes_from_an_ad")
    echoes = [one for one in events_of(played(story, "facebook")) if one.type == "echo"]
    assert [echo.source for echo in echoes] == ["automation", "human", "human"]
    assert SECRETS.facebook_app_id not in {echo.app_id for echo in echoes}
