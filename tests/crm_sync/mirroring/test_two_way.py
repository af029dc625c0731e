"""What people change in the CRM becomes an edit here, and nobody's edit is lost."""

from typing import Any

import pytest

from tests.crm_sync.conftest import OpenShop
from tests.crm_sync.fake_crm import REFUSED
from tests.crm_sync.two_way_shop import OTHER, PHONE, THIRD, Died, TwoWayShop, both, usual

STEPS = ["read", "taking", "taken", "writing", "written", "keeping", "kept"]


async def test_change_in_the_crm_is_an_edit_here_with_its_history(two_way: TwoWayShop) -> None:
    await two_way.welcome(phones=[PHONE], note="cũ")
    await two_way.push()
    two_way.wait()
    two_way.crm.edit_as_person("1", note="mới")

    await two_way.poll()

    assert (await two_way.here())["note"] == "mới"
    row = (await two_way.rows("edited"))[-1]
    assert row == {"before": {"note": "cũ"}, "after": {"note": "mới"}}
    audited = await two_way.mongo["audit"].find_one({"actor.id": "crm:crm"})
    assert audited is not None
    assert audited["action"] == "customer_edited"
    live = two_way.mongo["live_events"].find({"type": "customer_changed"})
    assert (await live.to_list())[-1]["data"] == {"fields": ["note"]}


async def test_edits_of_different_fields_on_both_sides_survive(two_way: TwoWayShop) -> None:
    """Acceptance 9: an admin edits the phone while an agent edits the e-mail address."""
    await two_way.welcome(phones=[PHONE])
    await two_way.push()
    two_way.wait()
    two_way.crm.edit_as_person("1", phone="0987 654 321")
    await two_way.edit(emails=["a@b.vn"])

    await two_way.poll()

    here = await two_way.here()
    assert (here["phones"], here["emails"]) == ([OTHER], ["a@b.vn"])
    assert two_way.crm.value("1", "email") == "a@b.vn"
    assert two_way.crm.value("1", "phone") == "0987 654 321"
    assert await two_way.rows("crm_conflict") == []


async def _both_edit_the_phone(shop: TwoWayShop, *, first: str = "here") -> None:
    await shop.welcome(phones=[PHONE])
    await shop.push()
    for side in (first, "there" if first == "here" else "here"):
        shop.wait()
        if side == "here":
            await shop.edit(phones=[OTHER])
        else:
            shop.crm.edit_as_person("1", phone=THIRD)


@pytest.mark.parametrize(
    ("policy", "first", "winner"),
    [
        ("inbox_wins", "here", "inbox"),
        ("crm_wins", "there", "crm"),
        ("newest_wins", "here", "crm"),
        ("newest_wins", "there", "inbox"),
    ],
)
@pytest.mark.parametrize("dies_at", [None, *STEPS])
async def test_loser_of_a_conflict_is_told_once_wherever_the_worker_dies(
    open_shop: OpenShop, policy: Any, first: str, winner: str, dies_at: str | None
) -> None:
    """Acceptance 10: both edit the phone; the policy decides, the loser is in the history."""
    shop = await open_shop(usual(conflict=policy))
    await _both_edit_the_phone(shop, first=first)
    shop.dying.at = dies_at

    await shop.push_until_death()
    await shop.poll()

    assert shop.dying.at is None or winner == "crm"  # then nothing is written
    kept, lost = (OTHER, THIRD) if winner == "inbox" else (THIRD, OTHER)
    assert (await shop.here())["phones"] == [kept]
    assert shop.crm.value("1", "phone") == kept
    (row,) = await shop.rows("crm_conflict")
    told = {"field": "phones", "winner": winner, "connection": "crm", "kept": [kept]}
    assert row == told | {"lost": lost if winner == "inbox" else [lost]}


async def test_loser_is_told_once_though_the_worker_dies_at_midnight(two_way: TwoWayShop) -> None:
    await _both_edit_the_phone(two_way)
    two_way.dying.at = "taken"
    with pytest.raises(Died):
        await two_way.push()
    two_way.wait(24 * 3600)
    await two_way.poll()
    assert len(await two_way.rows("crm_conflict")) == 1


async def test_same_conflict_of_other_edits_is_told_again(two_way: TwoWayShop) -> None:
    await _both_edit_the_phone(two_way)
    await two_way.poll()
    await two_way.edit(phones=[PHONE])
    await two_way.poll()
    two_way.wait()
    await two_way.edit(phones=[OTHER])
    two_way.crm.edit_as_person("1", phone=THIRD)
    await two_way.poll()
    assert len(await two_way.rows("crm_conflict")) == 2


async def test_conflict_over_a_refused_value_comes_to_rest_and_is_told_for_each_of_theirs(
    two_way: TwoWayShop,
) -> None:
    """The CRM does not take ours, so both go on to differ."""
    await two_way.welcome(phones=[PHONE])
    await two_way.push()
    two_way.wait()
    await two_way.edit(phones=[REFUSED])
    await two_way.push()
    for theirs in (OTHER, THIRD):
        two_way.wait(60)
        two_way.crm.edit_as_person("1", phone=theirs)
        await two_way.poll()
        before = await two_way.here()
        for _ in range(3):
            two_way.wait(60)
            await two_way.poll()
        assert await two_way.here() == before
    assert [one["lost"] for one in await two_way.rows("crm_conflict")] == [OTHER, THIRD]
    assert (await two_way.known()).refused == {"phones"}
    assert len(await two_way.parked()) == 1


async def test_refused_field_of_a_conflict_is_written_with_its_next_edit(
    two_way: TwoWayShop,
) -> None:
    await two_way.welcome(phones=[PHONE])
    await two_way.push()
    two_way.wait()
    await two_way.edit(phones=[REFUSED])
    await two_way.push()
    two_way.wait(60)
    two_way.crm.edit_as_person("1", phone=OTHER)
    await two_way.poll()
    await two_way.edit(phones=[THIRD])
    await two_way.poll()
    assert two_way.crm.value("1", "phone") == THIRD
    assert await two_way.parked() == []


@pytest.mark.parametrize("step", STEPS)
async def test_first_push_is_repeated_without_harm_wherever_the_worker_dies(
    two_way: TwoWayShop, step: str
) -> None:
    """X.SYN.01: a crash between steps loses nothing and makes no second record."""
    await two_way.welcome(phones=[PHONE], note="quen")
    two_way.dying.at = step

    await two_way.push_until_death()
    await two_way.poll()

    assert list(two_way.crm.records) == ["1"]
    assert two_way.crm.value("1", "note") == "quen"
    assert (await two_way.here())["note"] == "quen"
    assert await two_way.rows("crm_conflict") == []


async def test_own_write_does_not_come_back(two_way: TwoWayShop) -> None:
    """Acceptance 11: the count of writes is stable over five polls."""
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.tag("VIP")
    await two_way.push()
    await two_way.edit(note="b")
    await two_way.push()
    before = (await two_way.here(), list(two_way.crm.written))

    for _ in range(5):
        two_way.wait(60)
        await two_way.poll()

    assert (await two_way.here(), two_way.crm.written) == before


async def test_edit_of_a_person_in_the_second_of_ours_is_not_lost(two_way: TwoWayShop) -> None:
    """Acceptance 12."""
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.push()
    await two_way.poll()
    await two_way.edit(note="b")
    await two_way.push()
    two_way.wait(0.1)
    two_way.crm.edit_as_person("1", phone=OTHER)
    two_way.crm.edit_as_person("1", note="người sửa")

    await two_way.poll()

    here = await two_way.here()
    assert (here["note"], here["phones"]) == ("người sửa", [OTHER])


async def test_lost_answer_is_not_taken_for_an_edit_of_a_person(two_way: TwoWayShop) -> None:
    await two_way.welcome(note="a")
    await two_way.push()
    await two_way.edit(note="b")
    two_way.crm.faults += ["lost", "lost"]
    await two_way.push()
    await two_way.edit(note="c")
    await two_way.push()
    assert two_way.crm.value("1", "note") == "c"
    assert await two_way.rows("crm_conflict") == []


@pytest.mark.parametrize(("clear", "here", "there"), [("push", "", None), ("keep", "quen", "quen")])
async def test_emptying_crosses_by_the_policy_both_ways(
    open_shop: OpenShop, clear: str, here: str, there: str | None
) -> None:
    """S0.06: clearing the note also reaches the CRM, unless empty values are to be kept."""
    shop = await open_shop(usual(clear=clear))
    await shop.welcome("hoa", note="quen", phones=[PHONE])
    await shop.welcome("lan", note="quen", phones=[OTHER])
    await shop.push()
    await shop.edit("hoa", note="")
    shop.wait()
    lan = (await shop.known("lan")).link
    assert lan is not None
    shop.crm.edit_as_person(lan.record_id, note=None)

    await shop.poll()
    await shop.poll()

    hoa = (await shop.known("hoa")).link
    assert hoa is not None
    assert shop.crm.value(hoa.record_id, "note") == there
    assert (await shop.here("lan"))["note"] == here


async def test_field_that_is_only_pushed_is_never_taken(open_shop: OpenShop) -> None:
    shop = await open_shop([*usual()[:3], both("note", "note", direction="push")])
    await shop.welcome(phones=[PHONE], note="của shop")
    await shop.push()
    shop.wait()
    shop.crm.edit_as_person("1", note="của họ", phone=OTHER)
    await shop.poll()
    here = await shop.here()
    assert (here["note"], here["phones"]) == ("của shop", [OTHER])
    assert shop.crm.value("1", "note") == "của họ"


async def test_switch_that_is_turned_off_before_the_push_stops_it(two_way: TwoWayShop) -> None:
    """S0.02: edits go to the CRM only while the switch is on."""
    await two_way.welcome(phones=[PHONE])
    await two_way.switch(on=False)
    await two_way.push()
    assert two_way.crm.written == []
    assert (await two_way.known()).dirty == {}


async def test_archived_record_is_still_mirrored(two_way: TwoWayShop) -> None:
    await two_way.welcome(phones=[PHONE])
    await two_way.push()
    two_way.wait()
    two_way.crm.archive("1")
    await two_way.edit(note="quen")
    await two_way.poll()
    assert two_way.crm.value("1", "note") == "quen"
