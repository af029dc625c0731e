"""Elements of `changes`: the feed, Instagram comments, labels, and what concerns the page."""

from typing import Any

from channels.events import AccountNoted, AnyEvent
from channels.facebook.comments import (
    author_of,
    comment_reaction,
    feed_comment,
    instagram_comment,
    visitor_post,
)
from channels.facebook.customers import label
from channels.facebook.envelope import Place, people_in
from channels.facebook.times import epoch_ms, moment
from channels.facebook.values import Broken, JsonObject, json_text, kept, mapping, word
from inbox.ids import hash_id

_REACTIONS = frozenset({"reaction", "like"})
_POSTS = frozenset(
    {"album", "event", "link", "note", "photo", "post", "reel", "share", "status", "story", "video"}
)
_INSTAGRAM_COMMENTS = frozenset({"comments", "live_comments"})
_OBJECTS_WITHOUT_CUSTOMER = frozenset(
    {
        "conversations",
        "inbox_labels",
        "leadgen",
        "live_videos",
        "mention",
        "mentions",
        "page_change_proposal",
        "page_upcoming_change",
        "ratings",
        "story_insights",
        "videos",
    }
)
_PROFILE_FIELDS = frozenset(
    {
        "about", "affiliation", "attire", "awards", "bio", "birthday", "category",
        "company_overview", "cover", "culinary_team", "current_location", "description", "email",
        "founded", "general_info", "hometown", "hours", "impressum", "location", "members",
        "mission", "mpg", "name", "parking", "payment_options", "personal_info",
        "personal_interests", "phone", "picture", "price_range", "products", "public_transit",
        "restaurant_services", "restaurant_specialties", "username", "website",
    }
)  # fmt: skip


def read_change(place: Place, change: JsonObject) -> AnyEvent:
    """One changed thing; `field` says what kind.

    Raises:
        Broken: a value that is needed is missing or of the wrong type.
    """
    field = change.get("field")
    value = change.get("value")
    if type(field) is not str or not field:
        raise Broken("field_invalid")
    if field in _PROFILE_FIELDS or not (value is None or type(value) is dict):
        return account_noted(place, "page_changed", {"field": field, "value": value})
    if field == "feed":
        return _feed(place, mapping(value, "value"))
    if field in _INSTAGRAM_COMMENTS:
        return instagram_comment(place, mapping(value, "value"))
    if field == "inbox_labels":
        labelled = label(place.common(), mapping(value, "value"))
        if labelled is not None:
            return labelled
    if field in _OBJECTS_WITHOUT_CUSTOMER:
        return account_noted(place, field, value or {})
    return place.unknown(word(field, "change"), change)


def account_noted(place: Place, name: str, value: JsonObject) -> AccountNoted:
    """Kept on the account; the same content at the same time is the same note."""
    common = place.common(moment(value.get("created_time")))
    content = hash_id(json_text(value))
    return AccountNoted(
        **common,
        name=name,
        key=f"{name}:{epoch_ms(common['at'])}:{content}",
        data=kept(value),
        person_ids=people_in(value, place.account_id),
    )


def _feed(place: Place, value: JsonObject) -> AnyEvent:
    item = word(value.get("item"), "item")
    if item in _REACTIONS and value.get("comment_id") is not None:
        return comment_reaction(place, value)
    happened: Any = None
    if item == "comment":
        happened = feed_comment(place, value)
        if happened is None:
            return place.unknown(f"feed_comment_{word(value.get('verb'), 'verb')}", value)
    elif item in _POSTS and not _is_by_page(place, value):
        happened = visitor_post(place, value)
    return happened or account_noted(place, f"feed_{item}", value)


def _is_by_page(place: Place, value: JsonObject) -> bool:
    author = author_of(value)
    return author is not None and author.id == place.account_id
