"""A back-fill meets records that people of the CRM have written: it goes over none of it."""

import pytest

from crm_sync.backfilling.model import Wanted
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.two_way_shop import usual
from tests.crm_sync.wired_shop import CRM, OWNER, PHONE, WiredShop


@pytest.mark.parametrize("direction", ["push", "both"])
async def test_what_people_wrote_there_and_nobody_edited_here_stays(
    mongo: Mongo, clock: FixedClock, direction: str
) -> None:
    fields = [
        one if one.ours == "name" else one.model_copy(update={"direction": direction})
        for one in usual()
    ]
    shop = WiredShop(mongo, clock, fields)
    await shop.open()
    shop.crm.add("7", phone=PHONE, note="của người ở CRM")
    await shop.switch(on=False)
    hoa = await shop.customer(phones=[PHONE], note="cũ ở đây", emails=["hoa@shop.vn"])
    await shop.switch(on=True)
    await shop.app.administration.backfill(CRM, Wanted(), OWNER)

    await shop.app.backfilling.step()
    await shop.push()

    assert await shop.record_id(hoa) == "7"
    assert shop.crm.value("7", "note") == "của người ở CRM"
    assert shop.crm.value("7", "email") == "hoa@shop.vn"  # it was empty
    assert (await shop.document(hoa))["note"] == "cũ ở đây"


async def test_names_that_no_tag_can_have_stay_in_the_crm(mongo: Mongo, clock: FixedClock) -> None:
    shop = WiredShop(mongo, clock, usual())
    await shop.open()
    hoa = await shop.linked(phones=[PHONE])
    shop.crm.edit_as_person("1", chat_tags=("Nóng", "x" * 5_000, "\u200b"))
    clock.advance(shop.mirror.config.poll_every)

    await shop.poll()

    names = {tag.id: tag.name for tag in await shop.customers.tags.store.all()}
    assert [names[id_] for id_ in (await shop.document(hoa))["tag_ids"]] == ["Nóng"]
    assert list(names.values()) == ["Nóng"]
