"""What an edit of a customer is in the CRM: what has changed, and not a field more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.connectors.model import Edit, Value
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.outgoing import creation, update
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.synced import Synced
from crm_sync.mapping.transforms import written
from tests.crm_sync.mapping.fields_of_shop import (
    NAMES,
    OTHER_PHONE,
    PHONE,
    UNHURRIED,
    customer,
    odd_pair,
    pair,
)

USUAL = (pair("name"), pair("phones"), pair("emails"), pair("note"), pair("tag_ids"))
PATHS = ["name", "phones", "emails", "note", "tag_ids"]
LAN = customer(phones=[PHONE], emails=["lan@shop.vn"], note="Hẹn thứ Bảy", tag_ids=["t1"])


def had(pair_: Pair, value: Value) -> Synced:
    form = value_hash(pair_, value)
    return Synced(form, form, value if isinstance(value, tuple) else ())


def test_new_record_gets_everything_and_the_name() -> None:
    found = creation(USUAL, LAN, NAMES)

    assert found.edit == Edit(
        {
            "name": "Chị Hường",
            "phone": PHONE,
            "email": "lan@shop.vn",
            "comment": "<p>Hẹn thứ Bảy</p>",
        },
        add_tags={"category_id": ("VIP",)},
    )
    assert found.synced.keys() == {"name", "phone", "email", "comment", "category_id"}


def test_new_record_of_somebody_who_said_nothing_has_a_name_only() -> None:
    assert creation(USUAL, customer(), NAMES).edit == Edit({"name": "Chị Hường"})


def test_fields_that_are_pulled_are_not_written() -> None:
    pulled = pair("note", direction="pull")

    assert creation([pulled], LAN, NAMES).edit.is_empty
    assert update([pulled], LAN, NAMES, ["note"], {}).edit.is_empty


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        pytest.param("phones", Edit({"phone": PHONE}), id="S0.04 phone"),
        pytest.param("emails", Edit({"email": "lan@shop.vn"}), id="S0.05 email"),
        pytest.param("note", Edit({"comment": "<p>Hẹn thứ Bảy</p>"}), id="S0.06 note"),
        pytest.param("tag_ids", Edit(add_tags={"category_id": ("VIP",)}), id="S0.15 tags"),
        pytest.param("name", Edit(), id="the name never again"),
        pytest.param("attributes.address", Edit(), id="X.SYN.04 nothing that is not mapped"),
    ],
)
def test_edit_writes_the_field_that_was_edited_and_no_other(path: str, edit: Edit) -> None:
    assert update(USUAL, LAN, NAMES, [path], {}).edit == edit


def test_same_value_again_is_no_write() -> None:
    """S0.04: and a repeat of a whole push is harmless (X.SYN.02)."""
    first = update(USUAL, LAN, NAMES, PATHS, {})

    assert update(USUAL, LAN, NAMES, PATHS, first.synced).edit.is_empty


@pytest.mark.parametrize(
    ("pair_", "field", "last"),
    [
        pytest.param(pair("phones"), {"phones": []}, PHONE, id="phone"),
        pytest.param(pair("emails"), {"emails": []}, "lan@shop.vn", id="e-mail"),
        pytest.param(pair("note"), {"note": ""}, "<p>a</p>", id="note"),
        pytest.param(pair("attributes.points", "x_points"), {}, "3", id="attribute"),
    ],
)
def test_emptied_field_is_emptied_there(pair_: Pair, field: Any, last: str) -> None:
    """Acceptance 18, S0.06: emptying is said, it is not left to be guessed."""
    found = update(
        [pair_], customer(**field), NAMES, [pair_.map.ours], {pair_.theirs: had(pair_, last)}
    )

    assert found.edit == Edit({pair_.theirs: None})
    assert found.synced == {pair_.theirs: Synced("", "")}
    again = update([pair_], customer(**field), NAMES, [pair_.map.ours], found.synced)
    assert again.edit.is_empty


def test_emptied_field_stays_there_if_its_policy_says_so() -> None:
    phone = pair("phones", clear="keep")
    tags = pair("tag_ids", clear="keep")
    synced = {"phone": had(phone, PHONE), "category_id": had(tags, ("VIP",))}

    found = update([phone, tags], customer(), NAMES, PATHS, synced)

    assert found.edit.is_empty
    assert found.synced == {}


def test_what_was_never_ours_is_not_emptied() -> None:
    """A record that people of the CRM filled keeps its phone, though we have none."""
    assert update(USUAL, customer(), NAMES, PATHS, {}).edit.is_empty
    assert update(USUAL, customer(), NAMES, PATHS, {"phone": Synced("", "")}).edit.is_empty


def test_second_phone_is_no_news_where_the_first_one_goes() -> None:
    synced = {"phone": had(pair("phones"), PHONE)}
    both = customer(phones=[PHONE, OTHER_PHONE])

    assert update(USUAL, both, NAMES, ["phones"], synced).edit.is_empty
    joined = pair("phones", "x_phones", transform="join")
    found = update([*USUAL, joined], both, NAMES, ["phones"], synced)
    assert found.edit == Edit({"x_phones": f"{PHONE}; {OTHER_PHONE}"})


@pytest.mark.parametrize(
    ("direction", "last", "now", "added", "removed"),
    [
        pytest.param("push", (), ["t1"], ("VIP",), (), id="first tag"),
        pytest.param("push", ("VIP",), ["t2"], ("Khách sỉ",), ("VIP",), id="another one"),
        pytest.param("push", ("VIP",), [], (), ("VIP",), id="last one goes"),
        pytest.param("push", ("VIP",), ["t1"], (), (), id="nothing new"),
        pytest.param("push", ("vip",), ["t1"], (), (), id="another spelling"),
        pytest.param("push", ("VIP",), ["t1", "t2"], ("Khách sỉ", "VIP"), (), id="all are ours"),
        pytest.param("both", ("VIP",), ["t1", "t2"], ("Khách sỉ",), (), id="they may take VIP"),
        pytest.param("push", ("Cũ", "VIP"), ["t1"], ("VIP",), ("Cũ",), id="renamed or deleted"),
    ],
)
def test_only_tags_of_ours_come_and_go(
    direction: str, last: tuple[str, ...], now: list[str], added: Value, removed: Value
) -> None:
    tags = pair("tag_ids", direction=direction)

    found = update(
        [tags], customer(tag_ids=now), NAMES, ["tag_ids"], {"category_id": had(tags, last)}
    )

    assert found.edit.values == {}
    assert found.edit.add_tags.get("category_id", ()) == added
    assert found.edit.remove_tags.get("category_id", ()) == removed


def test_tags_that_are_joined_in_a_text_replace_it() -> None:
    tags = odd_pair("tag_ids", "text")

    found = update([tags], customer(tag_ids=["t2", "t1"]), NAMES, ["tag_ids"], {})

    assert found.edit == Edit({"x": "Khách sỉ; VIP"})


def test_person_whom_the_crm_cannot_know_is_left_out_and_told() -> None:
    """Acceptance 14; the other fields go."""
    owner = pair("owner_id")
    lan = customer(owner_id="s9", phones=[PHONE])

    found = update([owner, *USUAL], lan, NAMES, ["owner_id", "phones"], {})

    assert found.edit == Edit({"phone": PHONE})
    assert [(one.pair, one.reason.code) for one in found.left_out] == [
        (owner, "crm_person_without_email")
    ]
    assert found.synced.keys() == {"phone"}


def test_value_that_is_no_choice_does_not_hold_up_the_others() -> None:
    """Acceptance 7, as far as it can be known before anything is sent."""
    loyalty = pair("attributes.loyalty", "x_loyalty")
    lan = customer(attributes={"loyalty": "Kim cương"}, note="a")

    found = update([loyalty, *USUAL], lan, NAMES, ["attributes.loyalty", "note"], {})

    assert found.edit == Edit({"comment": "<p>a</p>"})
    assert [one.reason.code for one in found.left_out] == ["crm_no_choice"]


EDITS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "phones": st.lists(st.sampled_from([PHONE, OTHER_PHONE]), unique=True),
            "note": st.sampled_from(["", "a", "b\nc"]),
            "tag_ids": st.lists(st.sampled_from(["t1", "t2", "t3"]), unique=True),
        },
    ),
    max_size=8,
)


@UNHURRIED
@given(EDITS, st.lists(st.booleans(), min_size=8, max_size=8))
def test_record_has_the_last_values_however_edits_are_put_together(
    edits: list[dict[str, Any]], pushes: list[bool]
) -> None:
    """X.SYN.02: any run of edits, pushed whenever; other tags of the record stay."""
    values: dict[str, Value] = {}
    synced: dict[str, Synced] = {}
    tags, dirty, now = {"Của CRM"}, set[str](), customer()
    for edit, is_pushed in zip([*edits, {}], [*pushes[: len(edits)], True], strict=True):
        now |= edit
        dirty |= edit.keys()
        if is_pushed:
            found = update(USUAL, now, NAMES, dirty, synced)
            values |= found.edit.values
            tags |= set(found.edit.add_tags.get("category_id", ()))
            tags -= set(found.edit.remove_tags.get("category_id", ()))
            synced, dirty = synced | dict(found.synced), set()

    assert values.get("phone") == (now.get("phones") or [None])[0]
    assert values.get("comment") == written(pair("note"), now, NAMES)
    assert tags == {"Của CRM", *(NAMES.tags[id_] for id_ in now.get("tag_ids", ()))}
