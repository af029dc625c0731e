"""Signed links: good for what they were signed for, for as long as it was said."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.media.links import MediaLinkInvalid, MediaLinks, attachment_address, avatar_address

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
HOURS = timedelta(hours=12)


def parts(link: str) -> tuple[str, str, str]:
    """Address, end and signature of a link."""
    address, _, rest = link.partition("until=")
    until, _, signature = rest.partition("&signature=")
    return address.rstrip("?&"), until, signature


def check(links: MediaLinks, link: str) -> timedelta:
    address, until, signature = parts(link)
    return links.check(address, until=until, signature=signature)


def test_a_link_is_good_until_its_end_and_not_after(clock: FixedClock) -> None:
    """X.INB.07: it lives for twelve hours at most and a quarter of an hour less at least."""
    links = MediaLinks([NEW], clock, HOURS)
    link = links.attachment("m1", 0)

    left = check(links, link)

    assert HOURS - timedelta(minutes=15) < left <= HOURS
    clock.advance(left - timedelta(seconds=1))
    assert check(links, link) == timedelta(seconds=1)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(MediaLinkInvalid):
        check(links, link)


@pytest.mark.parametrize("lifetime", [timedelta(seconds=1), timedelta(seconds=7), HOURS])
@pytest.mark.parametrize("offset_s", [0, 1, 59, 899, 900, 901])
def test_a_new_link_is_never_dead_and_never_lives_too_long(
    clock: FixedClock, lifetime: timedelta, offset_s: int
) -> None:
    clock.advance(timedelta(seconds=offset_s))
    links = MediaLinks([NEW], clock, lifetime)

    assert timedelta(0) < check(links, links.avatar("c1", "i1")) <= lifetime


def test_for_some_minutes_the_link_is_the_same_so_that_browsers_keep_the_picture(
    clock: FixedClock,
) -> None:
    links = MediaLinks([NEW], clock, HOURS)
    first = links.attachment("m1", 0)

    clock.advance(timedelta(minutes=14))
    assert links.attachment("m1", 0) == first
    clock.advance(timedelta(minutes=2))
    assert links.attachment("m1", 0) != first


@pytest.mark.parametrize(
    ("address", "shift_s", "cut"),
    [
        (attachment_address("m2", 0), 0, 0),
        (attachment_address("m1", 1), 0, 0),
        (attachment_address("m1", 0, "thumbnail"), 0, 0),
        (attachment_address("m1", 0, "original\n1"), 0, 0),
        (avatar_address("m1", "0"), 0, 0),
        (attachment_address("m1", 0), 60, 0),
        (attachment_address("m1", 0), 0, 1),
    ],
)
def test_a_link_opens_nothing_but_what_it_was_signed_for(
    clock: FixedClock, address: str, shift_s: int, cut: int
) -> None:
    """X.INB.07: an altered link is refused."""
    links = MediaLinks([NEW], clock, HOURS)
    _, until, signature = parts(links.attachment("m1", 0))

    with pytest.raises(MediaLinkInvalid):
        links.check(address, until=str(int(until) + shift_s), signature=signature[cut:])


@pytest.mark.parametrize(("until", "signature"), [("", ""), ("ngày mai", "ký"), ("1", "\udc80")])
def test_what_is_no_signature_is_refused_and_breaks_nothing(
    clock: FixedClock, until: str, signature: str
) -> None:
    links = MediaLinks([NEW], clock, HOURS)

    with pytest.raises(MediaLinkInvalid):
        links.check(attachment_address("m1", 0), until=until, signature=signature)


def test_links_of_the_old_key_stay_good_when_the_key_is_rotated(clock: FixedClock) -> None:
    link = MediaLinks([OLD], clock, HOURS).attachment("m1", 0)

    assert check(MediaLinks([NEW, OLD], clock, HOURS), link) > timedelta(0)
    assert MediaLinks([NEW, OLD], clock, HOURS).attachment("m1", 0) != link
    with pytest.raises(MediaLinkInvalid):
        check(MediaLinks([NEW, OTHER], clock, HOURS), link)


def test_only_addresses_of_ours_are_signed(clock: FixedClock) -> None:
    links = MediaLinks([NEW], clock, HOURS)
    shop = {"url": "https://shop.example/ao", "thumbnail_url": None}

    assert links.item(dict(shop)) == shop


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"session_id": "s"},
        {"conversation": {"id": "c1", "unread": 0}},
        {"conversation": {"customer": None}},
        {"conversation": {"customer": {"avatar_url": None}}},
        {"message": {"attachments": []}},
    ],
)
def test_frames_without_media_go_out_as_they_are(clock: FixedClock, data: dict[str, Any]) -> None:
    assert MediaLinks([NEW], clock, HOURS).frame(deepcopy(data)) == data


def test_a_frame_carries_the_link_to_the_customers_picture(clock: FixedClock) -> None:
    links = MediaLinks([NEW], clock, HOURS)
    data = {"conversation": {"customer": {"avatar_url": avatar_address("c1", "i1")}}}

    shown = links.frame(data)["conversation"]["customer"]["avatar_url"]

    assert check(links, shown) > timedelta(0)
