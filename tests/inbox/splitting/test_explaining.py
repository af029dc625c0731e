"""Receipts in words: what a sale or an admin reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any, get_args

import pytest

from inbox.splitting.deciding import decide
from inbox.splitting.explaining import explain
from inbox.splitting.model import (
    Cap,
    Exclusion,
    ExclusionReason,
    KeepReturning,
    Person,
    Receipt,
    ReceiptActor,
    ReceiptKind,
)
from inbox.splitting.wording import ENGLISH, VIETNAMESE
from tests.inbox.splitting.splitting_world import (
    HOA,
    LAN,
    MINH,
    NO_LEDGER,
    NOON,
    a_config,
    a_rule,
    an_arrival,
    people,
)

NAMES = {LAN: "Lan", MINH: "Minh", HOA: "Hoa", "boss": "Chị Thu"}
WHO = people(
    LAN,
    Person(id=MINH, on_shift=False, next_shift_at=NOON + timedelta(minutes=90)),
    Person(id=HOA, waiting=12),
)
RULE = a_rule(LAN, MINH, HOA, "x", name="Zalo ban ngày", eligible="on_shift", cap=Cap(waiting=12))


def decided(rule: Any = RULE, who: Any = WHO, **arrival: Any) -> Receipt:
    return decide(a_config(rule), an_arrival(**arrival), who, NO_LEDGER, NOON).receipt


def by_hand(kind: ReceiptKind, **known: Any) -> Receipt:
    plain = Receipt(conversation_id="c1", bot_id="bot1", kind=kind, at=NOON)
    return replace(plain, **known)


def test_an_assignment_names_rule_and_mode_and_who_was_passed_over_why() -> None:
    who = WHO | people(Person(id="x"))
    receipt = decided(replace(RULE, pool=RULE.pool[:3]), who)

    assert explain(receipt, NAMES) == (
        "Chia cho Lan theo luật ‘Zalo ban ngày’ (chia đều): là người duy nhất nhận được lúc này. "
        "Bỏ qua Minh: ngoài ca đến 13:30; Hoa: đã đủ 12/12 cuộc đang chờ."
    )
    assert explain(receipt, NAMES, "en") == (
        "Assigned to Lan by the rule ‘Zalo ban ngày’ (equal turns): the only one available. "
        "Skipped Minh: off shift until 13:30; Hoa: at the cap, 12/12 waiting."
    )


def test_turns_loads_and_returning_customers_are_told_apart() -> None:
    everybody = people(LAN, Person(id=MINH, open=3))
    pool = a_rule(LAN, MINH, name="Mặc định")

    assert explain(decided(pool, everybody), NAMES) == (
        "Chia cho Lan theo luật ‘Mặc định’ (chia đều): đến lượt."
    )
    assert "đang có ít hội thoại mở nhất (0)" in explain(
        decided(replace(pool, mode="least_loaded"), everybody), NAMES
    )
    back = replace(pool, keep_returning=KeepReturning(enabled=True))
    assert explain(decided(back, everybody, last_carer_id=MINH), NAMES) == (
        "Chia cho Minh theo luật ‘Mặc định’ (chia đều): "
        "khách cũ về lại người đã chăm sóc, không tính lượt."
    )


def test_waiting_says_why_and_when_it_is_tried_again() -> None:
    tomorrow = NOON + timedelta(hours=20)
    who = people(
        Person(id=MINH, on_shift=False, next_shift_at=tomorrow),
        Person(id=LAN, on_shift=False, next_shift_at=NOON + timedelta(days=3)),
    )

    receipt = decided(a_rule(MINH, LAN, name="Ca sáng", eligible="on_shift"), who)

    assert explain(receipt, NAMES) == (
        "Đang chờ chia theo luật ‘Ca sáng’ (chia đều): chưa có ai nhận được. "
        "Bỏ qua Minh: ngoài ca đến 08:00 ngày mai; Lan: ngoài ca đến 12:00 ngày 21/11. "
        "Sẽ thử lại lúc 08:00 ngày mai."
    )
    assert explain(receipt, NAMES, "en").endswith(
        "Skipped Minh: off shift until 08:00 tomorrow; Lan: off shift until 12:00 on 21/11. "
        "Next try at 08:00 tomorrow."
    )


def test_times_are_told_in_the_time_zone_of_the_bot() -> None:
    receipt = decided(replace(RULE, pool=RULE.pool[:3]))

    assert "ngoài ca đến 06:30." in explain(receipt, NAMES, time_zone="UTC").replace(";", ".")


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ({}, "Chia lại lần 2 cho Lan theo luật ‘R’ (chia đều): đến lượt; Minh chưa trả lời."),
        (
            {"cause": "off_shift"},
            "Chia lại lần 2 cho Lan theo luật ‘R’ (chia đều): đến lượt; Minh đã hết ca.",
        ),
        (
            {"action": "add"},
            "Phân thêm Lan ở lần chia lại 2 theo luật ‘R’ (chia đều): đến lượt; Minh chưa trả lời.",
        ),
    ],
)
def test_resplit_says_from_whom_it_was_taken_and_why(cause: dict[str, str], told: str) -> None:
    numbers = {"mode": "even", "way": "turn", **cause}
    receipt = by_hand("resplit", rule_name="R", chosen=LAN, before=MINH, round=2, numbers=numbers)

    assert explain(receipt, NAMES) == told


def test_what_people_do_names_them_and_their_reason() -> None:
    boss = ReceiptActor("staff", "boss")
    moved = by_hand("transferred", chosen=LAN, before=MINH, actor=boss, reason="Minh nghỉ phép. ")

    assert explain(moved, NAMES) == "Chị Thu chuyển từ Minh sang Lan. Lý do: Minh nghỉ phép."
    assert explain(moved, {}, "en") == (
        "A deleted person transferred it from a deleted person to a deleted person. "
        "Reason: Minh nghỉ phép."
    )
    assert explain(by_hand("claimed", chosen=HOA), NAMES) == "Hoa đã nhận hội thoại."


def test_excluded_post_and_the_end_of_rounds_have_sentences_of_their_own() -> None:
    post = decided(replace(RULE, excluded_posts=frozenset({"p"})), kind="comment", post="p")
    ended = by_hand("unassigned", before=LAN, round=3, numbers={"why": "max_rounds"})

    assert explain(post, NAMES) == (
        "Không chia theo luật ‘Zalo ban ngày’ (chia đều): bình luận dưới bài viết đã loại trừ."
    )
    assert explain(ended, NAMES) == "Bỏ phân công Lan: đã chia lại 3 lần vẫn chưa trả lời."


def test_many_who_were_passed_over_are_counted_by_reason() -> None:
    staff = [f"s{n}" for n in range(30)]
    who = people(*(Person(id=one, receiving=False) for one in staff[:25]))

    told = explain(decided(a_rule(*staff), who), {one: one for one in staff})

    assert "s4: đang tắt ‘Nhận dữ liệu’; và 25 người khác" in told
    assert "(20 tắt nhận dữ liệu, 5 đã nghỉ việc)" in told
    assert "s5" not in told


def test_braces_in_names_are_only_text() -> None:
    receipt = by_hand("assigned", rule_name="{chosen.__class__}", chosen=LAN)

    assert "{chosen.__class__}" in explain(receipt, {LAN: "{rule}"})


FULL: dict[str, Any] = {
    "since": datetime(2026, 11, 18, 4, 0, tzinfo=UTC),
    "until": datetime(2026, 11, 18, 6, 30, tzinfo=UTC),
    "frees_at": datetime(2026, 11, 18, 6, 30, tzinfo=UTC),
    **dict.fromkeys(("have", "cap", "count", "per_min"), 12),
    "round": 1,
}


@pytest.mark.parametrize("reason", get_args(ExclusionReason))
@pytest.mark.parametrize("numbers", [{}, FULL], ids=["no numbers", "all numbers"])
def test_every_reason_is_told_with_and_without_its_numbers(
    reason: ExclusionReason, numbers: dict[str, Any]
) -> None:
    receipt = by_hand("waiting", excluded=(Exclusion(LAN, reason, numbers),))

    vi, en = explain(receipt, NAMES), explain(receipt, NAMES, "en")

    assert "Lan: " in vi
    assert "Lan: " in en
    assert "{" not in vi + en
    assert "None" not in vi + en


@pytest.mark.parametrize("kind", get_args(ReceiptKind))
def test_every_kind_of_receipt_is_told(kind: ReceiptKind) -> None:
    for language in ("vi", "en"):
        bare = explain(by_hand(kind), NAMES, language)
        full = explain(
            by_hand(kind, chosen=LAN, before=MINH, actor=ReceiptActor("staff", "boss")),
            NAMES,
            language,
        )
        assert bare.endswith(".")
        assert full.endswith(".")
        assert "None" not in bare + full


def test_both_languages_have_the_same_sentences_with_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name.split(":")[0] for _, name, _, _ in Formatter().parse(text) if name}

    for part in ("sentences", "modes", "ways", "causes", "short"):
        vi, en = getattr(VIETNAMESE, part), getattr(ENGLISH, part)
        assert vi.keys() == en.keys()
        for key in vi:
            assert blanks(vi[key]) == blanks(en[key]), key
    assert set(VIETNAMESE.reasons) == set(ENGLISH.reasons) == set(get_args(ExclusionReason))
    assert set(VIETNAMESE.short) == set(get_args(ExclusionReason))
    for reason, words in VIETNAMESE.reasons.items():
        assert blanks(words.full) == blanks(ENGLISH.reasons[reason].full)
