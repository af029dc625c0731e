"""Owners, attributes and notes on the wall; values that one of the sides cannot hold."""

import pytest

from crm_sync.mapping.model import FieldMap
from tests.crm_sync.conftest import OpenShop
from tests.crm_sync.two_way_shop import OTHER, PHONE, TwoWayShop, both, usual

WALL = FieldMap(ours="note", theirs="@notes")


async def test_person_in_charge_is_known_by_the_address(open_shop: OpenShop) -> None:
    shop = await open_shop([*usual(), both("owner", "owner")])
    await shop.hire("minh", "Minh@shop.vn")
    await shop.hire("thu", "thu@shop.vn")
    await shop.welcome(owner_id="minh")
    await shop.push()
    assert shop.crm.value("1", "owner") == "minh@shop.vn"
    shop.wait()
    shop.crm.edit_as_person("1", owner="THU@shop.vn")
    await shop.poll()
    assert (await shop.here())["owner_id"] == "thu"
    assert await shop.rows("assigned") == [
        {"before": None, "after": "minh"},
        {"before": "minh", "after": "thu"},
    ]


async def test_person_whom_nobody_knows_here_is_told_once_and_the_rest_is_taken(
    open_shop: OpenShop,
) -> None:
    """X.SYN.05: the state tells the reason."""
    shop = await open_shop([*usual(), both("owner", "owner")])
    await shop.hire("thu", "thu@shop.vn")
    await shop.welcome(note="a")
    await shop.push()
    shop.wait()
    shop.crm.edit_as_person("1", owner="la@khac.vn", note="b")
    for _ in range(4):
        await shop.poll()
    assert (await shop.here())["note"] == "b"
    assert await shop.parked() == [("invalid", ("owner_id",), "crm_person_unknown")]

    calls = shop.crm.calls
    await shop.poll()
    assert shop.crm.calls == calls + 1

    shop.wait()
    shop.crm.edit_as_person("1", owner="thu@shop.vn")
    await shop.poll()
    assert (await shop.here())["owner_id"] == "thu"
    assert await shop.parked() == []


async def test_person_who_is_unknown_and_gone_again_is_told_no_more(open_shop: OpenShop) -> None:
    shop = await open_shop([*usual(), both("owner", "owner")])
    await shop.welcome(note="a")
    await shop.push()
    shop.wait()
    shop.crm.edit_as_person("1", owner="la@khac.vn")
    await shop.poll()
    shop.wait()
    shop.crm.edit_as_person("1", owner=None)
    await shop.poll()
    assert await shop.parked() == []


async def test_attribute_that_is_not_valid_here_is_told_once_and_others_are_taken(
    open_shop: OpenShop,
) -> None:
    fields = [both("attributes.birthday", "born"), both("attributes.address", "city")]
    shop = await open_shop([*usual(), *fields])
    await shop.welcome(attributes__birthday="1990-02-28")
    await shop.push()
    shop.wait()
    shop.crm.edit_as_person("1", born="hôm qua", city="Huế")
    for _ in range(4):
        await shop.poll()
    here = (await shop.here())["attributes"]
    assert here == {"birthday": "1990-02-28", "address": "Huế"}
    assert shop.crm.value("1", "born") == "hôm qua"
    assert await shop.parked() == [("invalid", ("attributes.birthday",), "crm_value_not_taken")]

    shop.wait()
    shop.crm.edit_as_person("1", born="1991-03-01")
    await shop.poll()
    assert (await shop.here())["attributes"]["birthday"] == "1991-03-01"
    assert await shop.parked() == []


@pytest.mark.parametrize("policy", ["inbox_wins", "crm_wins", "newest_wins"])
async def test_value_that_is_not_valid_here_loses_every_conflict(
    open_shop: OpenShop, policy: str
) -> None:
    shop = await open_shop([*usual(), both("attributes.birthday", "born", conflict=policy)])
    await shop.welcome(attributes__birthday="1990-02-28")
    await shop.push()
    shop.wait()
    await shop.edit(attributes__birthday="1990-03-01")
    shop.wait()
    shop.crm.edit_as_person("1", born="hôm qua")
    await shop.poll()
    await shop.poll()
    assert (await shop.here())["attributes"]["birthday"] == "1990-03-01"
    assert shop.crm.value("1", "born") == "1990-03-01"
    (row,) = await shop.rows("crm_conflict")
    assert (row["winner"], row["kept"], row["lost"]) == ("inbox", "1990-03-01", "hôm qua")
    assert await shop.parked() == []


async def test_note_is_one_note_on_the_wall(open_shop: OpenShop) -> None:
    """S0.06: one note of ours, replaced and emptied; others stay."""
    shop = await open_shop([*usual()[:3], WALL])
    await shop.welcome(phones=[PHONE], note="gọi sau 17h")
    await shop.push()
    await shop.crm.note("1", "của họ", "khách khó", shop.clock.now())
    assert shop.crm.notes["1"] == {"hoa": "gọi sau 17h", "của họ": "khách khó"}
    await shop.edit(note="gọi sáng")
    shop.crm.edit_as_person("1", phone=OTHER)
    await shop.poll()
    assert shop.crm.notes["1"]["hoa"] == "gọi sáng"
    await shop.edit(note="")
    await shop.push()
    assert shop.crm.notes["1"]["hoa"] == "(Ghi chú đã được xoá.)"
    assert await shop.rows("crm_conflict") == []
    assert (await shop.here())["note"] == ""


async def test_note_whose_answer_was_lost_is_still_one(open_shop: OpenShop) -> None:
    shop = await open_shop([WALL])
    await shop.welcome()
    await shop.edit(note="a")
    shop.crm.faults += ["lost", "lost", None, "lost"]
    await shop.push()
    assert shop.crm.notes == {"1": {"hoa": "a"}}


async def test_note_reaches_a_record_that_was_there(open_shop: OpenShop) -> None:
    shop = await open_shop([*usual()[:3], WALL])
    shop.crm.add("7", phone=PHONE)
    await shop.welcome(phones=[PHONE], note="quen")
    await shop.push()
    assert shop.crm.notes == {"7": {"hoa": "quen"}}


@pytest.mark.parametrize("way", ["cut", "dropped"])
async def test_value_that_the_crm_does_not_keep_is_told(open_shop: OpenShop, way: str) -> None:
    """Read back, because some CRMs say nothing; always when the mapping is new."""
    shop = await open_shop([*usual()[:3], FieldMap(ours="note", theirs="note")])
    shop.is_fresh = True
    await shop.welcome(phones=[PHONE], note="a")
    await shop.push()
    if way == "cut":
        shop.crm.longest["note"] = 10
    else:
        shop.crm.deaf.add("note")
    await shop.edit(note="một ghi chú dài hơn mười chữ")
    await shop.push()
    assert await shop.parked() == [("invalid", ("note",), "crm_value_not_kept")]
    shop.crm.longest.clear()
    shop.crm.deaf.clear()
    await shop.edit(note="ngắn thôi, nhưng đủ")
    await shop.push()
    assert await shop.parked() == []


@pytest.mark.parametrize("way", ["cut", "dropped"])
async def test_value_that_the_crm_does_not_keep_is_not_taken_back(
    two_way: TwoWayShop, way: str
) -> None:
    """It was read back, so it is known that nobody there has written the rest away."""
    two_way.is_fresh = True
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.push()
    two_way.crm.longest = {"note": 10} if way == "cut" else {}
    two_way.crm.deaf = {"note"} if way == "dropped" else set()
    await two_way.edit(note="một ghi chú dài hơn mười chữ")
    for _ in range(3):
        await two_way.poll()
        two_way.wait()
    assert (await two_way.here())["note"] == "một ghi chú dài hơn mười chữ"
    assert await two_way.parked() == [("invalid", ("note",), "crm_value_not_kept")]

    two_way.crm.edit_as_person("1", note="người ở đó viết", phone=OTHER)
    await two_way.poll()
    assert (await two_way.here())["note"] == "người ở đó viết"


async def test_next_number_of_a_customer_follows_an_emptied_one(two_way: TwoWayShop) -> None:
    await two_way.welcome(phones=[PHONE, OTHER])
    await two_way.push()
    two_way.wait()
    two_way.crm.edit_as_person("1", phone=None)
    await two_way.poll()
    assert (await two_way.here())["phones"] == [OTHER]
    assert two_way.crm.value("1", "phone") == OTHER
