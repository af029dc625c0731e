"""Routers: which handler gets an event, in which order they are asked, who may step between."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.events import File, InboundMessage, Person, PlatformEvent, Postback, Thread
from channels.filters import F, owned, with_attachment
from channels.handlers import router as inbox_router
from channels.router import Handler, Router
from inbox.conversations.changes import Batch

ROOT = Path(__file__).parents[2]
TYPING = Path("tests/channels/router_typing")
AT = datetime(2026, 11, 22, 3, tzinfo=UTC)

Log = list[str]


def a_message(text: str | None = "Giá bao nhiêu ạ?", **fields: Any) -> InboundMessage:
    return InboundMessage(
        channel="facebook",
        account_id="page",
        at=AT,
        thread=Thread(external_id="an"),
        author=Person(id="an"),
        message_id="m_1",
        text=text,
        **fields,
    )


def a_postback() -> Postback:
    return Postback(
        channel="facebook",
        account_id="page",
        at=AT,
        thread=Thread(external_id="an"),
        author=Person(id="an"),
        message_id="m_2",
    )


@pytest.fixture
def log() -> Log:
    """What ran, in order."""
    return []


@pytest.fixture
def noting(log: Log) -> Callable[[str], Handler[Any]]:
    """Makes handlers that note their name."""

    def handler(name: str) -> Handler[Any]:
        def note(event: PlatformEvent, batch: Batch) -> None:
            log.append(name)

        note.__name__ = name
        return note

    return handler


Noting = Callable[[str], Handler[Any]]


def test_first_handler_whose_filters_accept_gets_the_event_and_no_other(
    log: Log, noting: Noting
) -> None:
    router = Router("shop")
    router.message(F.text == "STOP")(noting("stop"))
    router.message(F.text.contains("Giá"))(noting("price"))
    router.message()(noting("anything"))
    router.message()(noting("never"))

    for text in ("Giá?", "STOP", "hi"):
        assert router.dispatch(a_message(text), Batch())

    assert log == ["price", "stop", "anything"]


def test_all_filters_of_a_handler_must_accept(log: Log, noting: Noting) -> None:
    router = Router("shop")
    router.message(F.text.contains("Giá"), owned)(noting("ours"))

    assert router.dispatch(a_message("Giá?"), Batch())
    assert not router.dispatch(a_message("Giá?", standby=True), Batch())
    assert not router.dispatch(a_message("hi"), Batch())
    assert log == ["ours"]


def test_own_handlers_come_before_included_routers_which_come_in_their_order(
    log: Log, noting: Noting
) -> None:
    parent, first, second, below = Router("parent"), Router("first"), Router("second"), Router("b")
    parent.include(first, second)  # before its own handlers: the place of the line is no matter
    first.include(below)
    second.message()(noting("second"))
    below.message(F.text != "to second")(noting("below first"))
    parent.message(F.text == "to parent")(noting("parent"))

    for text in ("to parent", "to second", "else"):
        assert parent.dispatch(a_message(text), Batch())

    assert log == ["parent", "second", "below first"]


def test_event_type_that_nobody_registered_for_is_wanted_by_nobody(
    log: Log, noting: Noting
) -> None:
    parent, child = Router("parent"), Router("child")
    parent.include(child)
    child.message()(noting("message"))

    assert parent.dispatch(a_postback(), Batch()) is False
    assert parent.find(a_postback()) is None
    assert log == []


def test_handler_adds_changes_to_the_batch_that_it_is_given() -> None:
    router, batch = Router("shop"), Batch()

    @router.message()
    def remember(event: InboundMessage, given: Batch) -> None:
        assert given is batch
        inbox_router.dispatch(event, given)

    assert router.dispatch(a_message(), batch)

    assert len(batch.changes) == 1


def test_middlewares_wrap_in_order_those_of_the_parent_outside(log: Log, noting: Noting) -> None:
    parent, child = Router("parent"), Router("child")
    parent.include(child)
    child.message()(noting("handler"))

    def around(name: str, router: Router) -> None:
        @router.middleware
        def note(handler: Handler[Any], event: Any, batch: Batch) -> None:
            log.append(f"{name} in")
            handler(event, batch)
            log.append(f"{name} out")

    around("child", child)
    around("parent 1", parent)
    around("parent 2", parent)

    assert parent.dispatch(a_message(), Batch())

    assert log == [
        "parent 1 in",
        "parent 2 in",
        "child in",
        "handler",
        "child out",
        "parent 2 out",
        "parent 1 out",
    ]


def test_middleware_may_stop_an_event_which_then_counts_as_handled(
    log: Log, noting: Noting
) -> None:
    router = Router("shop")
    router.message(F.text == "spam")(noting("spam"))
    router.message()(noting("anything"))

    @router.middleware
    def drop_spam(handler: Handler[Any], event: Any, batch: Batch) -> None:
        if event.text != "spam":
            handler(event, batch)

    assert router.dispatch(a_message("spam"), Batch()) is True
    assert router.dispatch(a_message("hi"), Batch()) is True
    assert log == ["anything"]


def test_middleware_of_one_child_leaves_its_sibling_alone(log: Log, noting: Noting) -> None:
    parent, first, second = Router("parent"), Router("first"), Router("second")
    parent.include(first, second)
    first.message(F.text == "first")(noting("first"))
    second.message()(noting("second"))

    @first.middleware
    def note(handler: Handler[Any], event: Any, batch: Batch) -> None:
        log.append("around first")
        handler(event, batch)

    parent.dispatch(a_message("first"), Batch())
    parent.dispatch(a_message("second"), Batch())

    assert log == ["around first", "first", "second"]


@pytest.mark.parametrize(
    ("condition", "accepted"),
    [
        (F.text, True),
        (F.text.lower().contains("giá"), True),
        (F.text.startswith("Bao"), False),
        (F.quick_reply, False),
        (F.quick_reply.lower().contains("giá"), False),
        (F.referral["source"] == "ADS", False),
        (F.no_such_field, False),
        (F.no_such_field.deeper == "x", False),
        (F.author.id == "an", True),
        (F.text & (F.channel == "facebook"), True),
        (~F.standby, True),
    ],
)
def test_magic_filter_reads_fields_and_a_missing_one_matches_nothing(
    condition: Any, *, accepted: bool, noting: Noting
) -> None:
    router = Router("shop")
    router.message(condition)(noting("handler"))

    assert router.dispatch(a_message("Giá bao nhiêu?"), Batch()) is accepted


@pytest.mark.parametrize("text", [None, ""])
def test_message_without_text_does_not_match_f_text(text: str | None, noting: Noting) -> None:
    router = Router("shop")
    router.message(F.text)(noting("text"))

    assert router.dispatch(a_message(text), Batch()) is False


def test_message_with_an_attachment_of_a_kind_is_found_by_its_name(noting: Noting) -> None:
    router = Router("shop")
    router.message(with_attachment("image"))(noting("image"))

    picture, sound = File(kind="image"), File(kind="audio")
    assert router.dispatch(a_message(attachments=(sound, picture)), Batch())
    assert not router.dispatch(a_message(attachments=(sound,)), Batch())
    assert not router.dispatch(a_message(), Batch())


def test_order_lists_every_handler_as_it_is_asked(noting: Noting) -> None:
    parent, first, second = Router("parent"), Router("first"), Router("second")
    parent.include(first, second)
    second.message()(noting("third"))
    first.postback()(noting("button"))
    first.message(F.text)(noting("second_text"))
    parent.message(F.text == "x")(noting("first_text"))
    parent.message()(noting("rest"))

    assert parent.order() == [
        "message: first_text (parent)",
        "message: rest (parent)",
        "message: second_text (first)",
        "postback: button (first)",
        "message: third (second)",
    ]


def test_inbox_has_one_handler_for_every_event_type() -> None:
    names = [line.split(":")[0] for line in inbox_router.order()]

    assert sorted(names) == sorted(inbox_router._observers)
    assert len(names) == len(set(names))


def test_every_observer_has_the_name_of_the_event_type_that_it_gets() -> None:
    types = {
        kind.model_fields["type"].default: kind.__name__ for kind in PlatformEvent.__subclasses__()
    }

    assert set(types) == set(Router("any")._observers)


def type_check(name: str) -> tuple[int, str]:
    """Exit code and output of mypy, with the configuration of the project."""
    words = [sys.executable, "-m", "mypy", "--no-error-summary", str(TYPING / name)]
    run = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    return run.returncode, run.stdout + run.stderr


def test_handler_of_another_event_type_is_a_type_error() -> None:
    code, output = type_check("wrong_handler.py")

    assert code == 1
    assert re.fullmatch(
        r"tests/channels/router_typing/wrong_handler\.py:10: error: Argument 1 has incompatible "
        r'type "Callable\[\[Postback, Batch\], None\]"; '
        r'expected "Callable\[\[InboundMessage, Batch\], None\]"  \[arg-type\]\n',
        output,
    )


def test_handlers_of_the_right_event_types_pass_the_type_check() -> None:
    assert type_check("right_handlers.py") == (0, "")
