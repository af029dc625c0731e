"""Programs that answer customers in this very process, written as aiogram's handlers are.

    program = Program("Báo giá")

    @program.message(F.text.lower().contains("giá"))
    def tell_price(event: InboundMessage, batch: Batch) -> None:
        batch.keep(program.answer(event, "Áo này 250.000đ ạ.", choices=("Size M", "Size L")))

A program hears of every event after the inbox has; in it the first handler that matches is called.
Handlers do no I/O: an answer is a change like any other, stored with the message that it answers,
and said soon after through the same door as everybody's (docs/automations.md).
"""

from channels import events
from channels.router import Router
from channels.translating import customer_of, thread_ref
from inbox.conversations.changes import AnswerCustomer, Batch, Change

Answerable = events.InboundMessage | events.Postback


class Program(Router):
    """A router whose handlers answer. `name` is what people see beside its messages; it stays."""

    def heard(self, event: events.PlatformEvent) -> list[Change]:
        """What the program does because of an event of a thread that is ours."""
        if event.standby:
            return []
        batch = Batch()
        self.dispatch(event, batch)
        return batch.changes

    def answer(
        self, event: Answerable, text: str, *, choices: tuple[str, ...] = (), nth: int = 0
    ) -> AnswerCustomer:
        """What to keep so that `text` is said to whoever wrote.

        Args:
            event: what is answered; it is answered once, however often it comes.
            text: what is said, cut into several messages where the platform has a limit.
            choices: quick replies; the customer's press comes back as a message of that text.
            nth: tells several answers to one event apart.
        """
        return AnswerCustomer(
            thread=thread_ref(event, event.thread),
            customer=customer_of(event, event.thread, event.author),
            at=event.at,
            program=self.name,
            key=event.message_id,
            text=text,
            choices=choices,
            nth=nth,
        )
