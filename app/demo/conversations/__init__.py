"""The conversations that a sales inbox in Vietnam really sees, as scripts."""

from app.demo.conversations import asking, buying, channels, comments, service
from app.demo.conversations.story import Story
from inbox.conversations.model import Channel

STORIES: tuple[Story, ...] = (
    *buying.STORIES,
    *asking.STORIES,
    *service.STORIES,
    *channels.STORIES,
    *comments.STORIES,
)


def stories_on(channel: Channel) -> tuple[Story, ...]:
    return tuple(story for story in STORIES if channel in story.channels)
