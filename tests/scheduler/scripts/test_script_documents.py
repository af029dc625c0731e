"""Scripts are stored and read back as they were."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from inbox.splitting.model import DEFAULT_HOURS
from scheduler.scripts.documents import (
    log_document,
    log_from,
    script_document,
    script_from,
    when_document,
    when_from,
)
from scheduler.scripts.model import (
    AttributeTime,
    ClockTime,
    Content,
    Delay,
    FixedTime,
    Script,
    Step,
    StepLog,
    Stops,
    When,
)

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
minutes = st.integers(0, 24 * 60 - 1)
pasts = st.sampled_from(["stop", "go_on"])
whens: st.SearchStrategy[When] = st.one_of(
    st.builds(Delay, st.integers(0, 999), st.sampled_from(["second", "minute", "hour", "day"])),
    st.builds(ClockTime, st.integers(0, 365), minutes),
    st.builds(FixedTime, st.datetimes().map(lambda d: d.replace(second=0, microsecond=0)), pasts),
    st.builds(
        AttributeTime, st.just("birthday"), st.integers(-30, 30), minutes, st.booleans(), pasts
    ),
)


@given(whens)
def test_every_kind_of_moment(when: When) -> None:
    assert when_from(when_document(when)) == when


def test_a_whole_script() -> None:
    script = Script(
        id="s",
        bot_id="b",
        name="Chăm sóc",
        enabled=True,
        steps=(
            Step("a", Delay(1, "hour"), Content("Chào {{name, bạn}}", ("u1",))),
            Step(
                "b",
                ClockTime(1, 480),
                Content(None, (), ({"title": "Mua", "payload": "BUY"},), ({"title": "Có"},)),
                enabled=False,
            ),
        ),
        window=DEFAULT_HOURS,
        stops=Stops(frozenset({"customer_replies"}), frozenset({"t1"}), frozenset({"t2"})),
        repeat=True,
        outside="hold",
        created_at=AT,
        version=3,
    )
    assert script_from(script_document(script)) == script


def test_what_became_of_a_step() -> None:
    for entry in (
        StepLog("a", "sent", AT, message_id="m"),
        StepLog("b", "skipped", AT, reason="window"),
    ):
        assert log_from(log_document(entry)) == entry
