"""Every receipt that the assigner writes, read back from the database, makes a good sentence."""

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.splitting.explaining import Language, explain
from tests.inbox.splitting.assigning.split_desk import SplitDesk

NAMES = {"lan": "Lan", "minh": "Minh"}
NO_HOURS = {"working_hours_only": False}


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> SplitDesk:
    return SplitDesk(mongo, clock)


async def _said(desk: SplitDesk, thread: str, language: Language) -> list[str]:
    """Oldest first."""
    found = await desk.store.receipts(thread, after=None, limit=50)
    return [explain(receipt, NAMES, language) for _, receipt in reversed(found)]


async def test_a_chain_from_the_first_to_nobody(desk: SplitDesk) -> None:
    """X.SPL.13, X.SPL.19."""
    await desk.open("lan", "minh")
    await desk.rule(resplit={"after_min": 10, "max_rounds": 1, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(30)
    assert await _said(desk, thread, "vi") == [
        "Chia cho Lan theo luật ‘Luật’ (chia đều): đến lượt.",
        (
            "Chia lại lần 1 cho Minh theo luật ‘Luật’ (chia đều): "
            "là người duy nhất nhận được lúc này; Lan chưa trả lời. "
            "Bỏ qua Lan: đã được giao hội thoại này mà chưa trả lời."
        ),
        "Bỏ phân công Minh: đã chia lại 1 lần vẫn chưa trả lời.",
    ]
    assert await _said(desk, thread, "en") == [
        "Assigned to Lan by the rule ‘Luật’ (equal turns): next in turn.",
        (
            "Reassigned to Minh in round 1 by the rule ‘Luật’ (equal turns): "
            "the only one available; Lan had not replied. "
            "Skipped Lan: had this conversation before and did not reply."
        ),
        "Unassigned from Minh: no reply after round 1 of reassignment.",
    ]


async def test_one_more_and_nobody_left(desk: SplitDesk) -> None:
    """X.SPL.13."""
    await desk.open("lan", "minh")
    await desk.rule(resplit={"after_min": 10, "action": "add", "max_rounds": 9, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(30)
    vi, en = await _said(desk, thread, "vi"), await _said(desk, thread, "en")
    assert vi[1].startswith("Phân thêm Minh ở lần chia lại 1 theo luật ‘Luật’")
    assert en[1].startswith("Minh was added in round 1 by the rule ‘Luật’")
    assert vi[2].startswith("Bỏ phân công Minh: chưa trả lời, và không còn ai khác để chia lại.")
    assert en[2].startswith("Unassigned from Minh: no reply, and nobody else is left")


@pytest.mark.parametrize(
    ("leaves", "vi", "en"),
    [
        ("break", "Lan đang tạm nghỉ", "Lan is away"),
        ("offline", "Lan đã ngoại tuyến", "Lan went offline"),
        ("switch", "Lan đã tắt ‘Nhận dữ liệu’", "Lan stopped receiving"),
        ("left", "Lan đã nghỉ việc", "Lan has left"),
        ("bot", "Lan không còn thuộc bot này", "Lan is no longer in this bot"),
    ],
)
async def test_why_it_was_passed_on(desk: SplitDesk, leaves: str, vi: str, en: str) -> None:
    """X.SPL.09: from whom, and because of what."""
    await desk.open("lan", "minh")
    await desk.rule(eligible="online", redistribute=True)
    await desk.online("lan")
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.online("minh")
    if leaves == "break":
        await desk.presence.take_break("lan", "self")
    elif leaves == "offline":
        await desk.presence.leave("lan")
    elif leaves == "bot":
        await desk.mongo["bots"].update_one({}, {"$pull": {"member_ids": "lan"}})
    else:
        field = {"switch": "receiving", "left": "active"}[leaves]
        await desk.mongo["staff"].update_one({"_id": "lan"}, {"$set": {field: False}})
    await desk.pass_time(1)
    told = (await _said(desk, thread, "vi"))[-1]
    assert told.startswith("Giao lại cho Minh theo luật ‘Luật’ (chia đều): là người duy nhất")
    assert f"; {vi}." in told
    told = (await _said(desk, thread, "en"))[-1]
    assert told.startswith("Passed on to Minh by the rule ‘Luật’ (equal turns): the only one")
    assert f"; {en}." in told


@pytest.mark.parametrize(
    ("rule", "vi", "en"),
    [
        (
            {"eligible": "online"},
            (
                "Đang chờ chia theo luật ‘Luật’ (chia đều): chưa có ai nhận được. "
                "Bỏ qua Lan: đang ngoại tuyến; Minh: đang ngoại tuyến."
            ),
            (
                "Waiting by the rule ‘Luật’ (equal turns): nobody can take it right now. "
                "Skipped Lan: offline; Minh: offline."
            ),
        ),
        (
            {"mode": "claim"},
            "Chờ nhân viên tự nhận theo luật ‘Luật’ (nhân viên tự nhận).",
            "Open for anyone to claim by the rule ‘Luật’ (claim).",
        ),
        (
            {"mode": "manual"},
            "Chờ người có quyền phân công theo luật ‘Luật’ (phân công thủ công).",
            "Waiting to be assigned by hand by the rule ‘Luật’ (by hand).",
        ),
        (
            {"enabled": False},
            "Đang chờ: không có luật chia nào khớp.",
            "Waiting: no rule matches.",
        ),
    ],
)
async def test_why_nobody_has_it(
    desk: SplitDesk, rule: dict[str, object], vi: str, en: str
) -> None:
    """X.SPL.10, X.SPL.07, X.SPL.08."""
    await desk.open("lan", "minh")
    await desk.rule(**rule)
    thread = await desk.message("hoa")
    await desk.settle()
    assert await _said(desk, thread, "vi") == [vi]
    assert await _said(desk, thread, "en") == [en]
