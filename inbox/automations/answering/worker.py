"""Says what programs of this process have answered; see AnswerCustomer."""

import asyncio

import structlog

from inbox.clock import Clock
from inbox.conversations.model import Author
from inbox.conversations.replying.model import Reply, Writer
from inbox.conversations.replying.service import ReplyService
from inbox.errors import InboxError
from inbox.ids import hash_id
from inbox.mongo.client import Mongo
from inbox.mongo.due import Claimed, DueWork
from inbox.ports import Button

log = structlog.get_logger(__name__)

AT_ONCE = 50
MOST_TRIES = 8


class Answering:
    """Works off `automation_answers`: `{_id, conversation_id, at, n, program, text, choices, work}`

    A document is an answer that is still to be said.
    """

    def __init__(self, mongo: Mongo, replies: ReplyService, clock: Clock) -> None:
        self._replies = replies
        self.due = DueWork(mongo, "automation_answers", "work", clock)
        self._answers = mongo["automation_answers"]

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Say what is due, once, in the order in which it was thought of; how much that was."""
        claimed = await self.due.claim(AT_ONCE)
        for one in sorted(claimed, key=lambda each: (each.document["at"], each.document["n"])):
            await self.due.attempt(one, self._say, most_tries=MOST_TRIES)
        return len(claimed)

    async def _say(self, claimed: Claimed) -> None:
        """What may not be said is dropped: people have the conversation, or the window is over."""
        answer = claimed.document
        program = answer["program"]
        writer = Writer(Author("automation", hash_id("program", program), program), is_human=False)
        choices = tuple(Button(one, payload=one) for one in answer["choices"])
        reply = Reply(client_id=answer["_id"], text=answer["text"], quick_replies=choices)
        try:
            await self._replies.post(answer["conversation_id"], reply, writer)
        except InboxError as error:
            log.info("an answer of a program was not said", program=program, code=error.code)
        await self._answers.delete_one({"_id": claimed.id, "work.token": claimed.token})
