"""Tags come and go on both sides, and nobody's come back."""

from tests.crm_sync.conftest import OpenShop
from tests.crm_sync.fake_crm import TAGS
from tests.crm_sync.two_way_shop import PHONE, TwoWayShop, both, usual


async def _tagged(shop: TwoWayShop, *names: str) -> list[str]:
    await shop.welcome(phones=[PHONE])
    ids = [await shop.tag(name) for name in names]
    await shop.push()
    await shop.poll()
    shop.wait()
    return ids


async def test_tag_that_is_new_in_the_crm_is_made_and_attached_here(two_way: TwoWayShop) -> None:
    """S0.15: tags of the CRM stay while ours are mirrored."""
    await _tagged(two_way, "VIP")
    two_way.crm.edit_as_person("1", **{TAGS: ("VIP", "Của sale")})
    await two_way.tag("Mới")

    await two_way.poll()

    assert await two_way.tag_names() == ["Của sale", "Mới", "VIP"]
    assert two_way.crm.value("1", TAGS) == ("Của sale", "Mới", "VIP")
    assert not any(TAGS in one for one in two_way.crm.written[2:])


async def test_tag_that_is_new_there_is_never_taken_away_there(two_way: TwoWayShop) -> None:
    await _tagged(two_way)
    seen: list[object] = []
    two_way.crm.reached = lambda _: seen.append(two_way.crm.value("1", TAGS))
    two_way.crm.edit_as_person("1", **{TAGS: ("Của sale",)})
    await two_way.tag("VIP")

    await two_way.poll()

    assert all("Của sale" in (one or ()) for one in seen if isinstance(one, tuple))
    assert two_way.crm.value("1", TAGS) == ("Của sale", "VIP")


async def test_tag_that_goes_in_the_crm_goes_here(two_way: TwoWayShop) -> None:
    await _tagged(two_way, "VIP", "Mới")
    two_way.crm.edit_as_person("1", **{TAGS: ("Mới",)})
    await two_way.poll()
    assert await two_way.tag_names() == ["Mới"]
    assert len(await two_way.rows("tag_removed")) == 1


async def test_tag_that_goes_here_goes_in_the_crm_and_does_not_come_back(
    two_way: TwoWayShop,
) -> None:
    vip, _ = await _tagged(two_way, "VIP", "Mới")
    await two_way.untag(vip)
    await two_way.poll()
    await two_way.poll()
    assert two_way.crm.value("1", TAGS) == ("Mới",)
    assert await two_way.tag_names() == ["Mới"]


async def test_all_tags_may_go_here_where_emptiness_does_not_cross(open_shop: OpenShop) -> None:
    shop = await open_shop(usual(clear="keep"))
    (vip,) = await _tagged(shop, "VIP")
    await shop.untag(vip)
    for _ in range(3):
        await shop.poll()
    assert await shop.tag_names() == []
    assert shop.crm.value("1", TAGS) == ("VIP",)


async def test_renamed_tag_is_renamed_on_the_other_side(two_way: TwoWayShop) -> None:
    """Acceptance 13."""
    (vip,) = await _tagged(two_way, "VIP")
    two_way.crm.edit_as_person("1", **{TAGS: ("Siêu VIP",)})
    await two_way.poll()
    assert await two_way.tag_names() == ["Siêu VIP"]
    found = await two_way.mongo["tags"].find_one({"name": "Siêu VIP"})
    assert found is not None
    assert found["_id"] != vip  # nobody has renamed it in the catalogue


async def test_tag_that_is_renamed_here_is_renamed_there(two_way: TwoWayShop) -> None:
    (vip,) = await _tagged(two_way, "VIP")
    await two_way.mongo["tags"].update_one({"_id": vip}, {"$set": {"name": "Quý", "key": "quy"}})
    await two_way.mark("tag_ids")
    await two_way.push()
    await two_way.poll()
    assert two_way.crm.value("1", TAGS) == ("Quý",)
    assert await two_way.tag_names() == ["Quý"]


async def test_retired_tag_stays_in_the_crm_and_is_no_news_for_ever(two_way: TwoWayShop) -> None:
    await _tagged(two_way, "VIP")
    old = await two_way.tag("Cũ")
    await two_way.untag(old)
    await two_way.mongo["tags"].update_one(
        {"_id": old}, {"$set": {"retired_at": two_way.clock.now()}}
    )
    await two_way.push()
    two_way.crm.edit_as_person("1", **{TAGS: ("VIP", "Cũ")})
    await two_way.poll()
    calls, rev = two_way.crm.calls, (await two_way.known()).rev

    for _ in range(3):
        await two_way.poll()

    assert await two_way.tag_names() == ["VIP"]
    assert two_way.crm.value("1", TAGS) == ("VIP", "Cũ")
    assert (two_way.crm.calls - calls, (await two_way.known()).rev - rev) == (3, 0)


async def test_more_tags_than_a_customer_may_have_stay_in_the_crm(two_way: TwoWayShop) -> None:
    await _tagged(two_way, "VIP")
    every = ("VIP", *(f"thẻ {number}" for number in range(9)))
    two_way.crm.edit_as_person("1", **{TAGS: every})
    for _ in range(3):
        await two_way.poll()
    names = await two_way.tag_names()
    assert len(names) == 5
    assert two_way.crm.value("1", TAGS) == every

    two_way.wait()
    two_way.crm.edit_as_person("1", **{TAGS: every[:3]})
    await two_way.poll()

    assert await two_way.tag_names() == sorted(every[:3])


async def test_tags_in_a_field_of_text_are_mirrored_both_ways(open_shop: OpenShop) -> None:
    shop = await open_shop([*usual()[:3], both("tag_ids", "words")])
    vip, _ = await _tagged(shop, "VIP", "Mới")
    assert shop.crm.value("1", "words") == "Mới; VIP"
    shop.crm.edit_as_person("1", words="Mới, VIP, Của sale")
    await shop.untag(vip)
    for _ in range(2):
        await shop.poll()
    assert await shop.tag_names() == ["Của sale", "Mới"]
    assert shop.crm.value("1", "words") == "Của sale; Mới"


async def test_groups_that_are_an_attribute_are_no_tags(open_shop: OpenShop) -> None:
    shop = await open_shop([*usual(), both("attributes.address", "groups")])
    await _tagged(shop, "VIP")
    shop.crm.edit_as_person("1", groups=("Bạc",))
    await shop.poll()
    assert await shop.tag_names() == ["VIP"]
    assert await shop.parked() == [("invalid", ("attributes.address",), "crm_value_not_taken")]
