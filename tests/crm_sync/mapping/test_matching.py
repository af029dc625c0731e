"""Whose record is whose: the first sign that any record fits decides, and nothing is guessed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_sync.connectors.model import RemoteRecord
from crm_sync.mapping.matching import (
    Ambiguous,
    Claimed,
    Claims,
    Match,
    Nobody,
    One,
    Wanted,
    claimed_twice,
    match,
)
from tests.crm_sync.mapping.fields_of_shop import OTHER_PHONE, PHONE, UNHURRIED, pair

PAIRS = (pair("phones"), pair("emails"), pair("phones", "x_phones", transform="join"))
LAN = Wanted(
    external_ids=("c1", "merged"),
    record_id="1",
    phones=(PHONE, OTHER_PHONE),
    emails=("Lan@shop.vn",),
)


def there(id_: str, external_id: str | None = None, **values: Any) -> RemoteRecord:
    archived = values.pop("archived", False)
    return RemoteRecord(id_, values, external_id=external_id, archived=archived)


LINKED = there("1")
OURS = there("2", "c1")
MERGED = there("3", "merged")
BY_PHONE = there("4", phone="0912 345 678")
BY_OTHER_PHONE = there("5", x_phones="0900000000, 0987654321")
BY_EMAIL = there("6", email="LAN@shop.vn")
FOREIGN = there("9", phone="0999999999", email="x@y.vn")


def matched(*records: RemoteRecord, claims: dict[str, str] | None = None) -> Match:
    return match(LAN, records, PAIRS, Claims(claims or {}))


@pytest.mark.parametrize(
    ("records", "found"),
    [
        pytest.param([], Nobody(), id="none"),
        pytest.param([FOREIGN], Nobody(), id="a stranger"),
        pytest.param([LINKED, OURS, BY_PHONE, BY_EMAIL], One(LINKED, "link", ("2", "4", "6")),
                     id="stored link"),
        pytest.param([BY_EMAIL, BY_PHONE, OURS], One(OURS, "external_id", ("4", "6")),
                     id="our external id"),
        pytest.param([MERGED], One(MERGED, "external_id"), id="id of one who was merged into them"),
        pytest.param([BY_EMAIL, BY_PHONE], One(BY_PHONE, "phone", ("6",)), id="phone"),
        pytest.param([BY_OTHER_PHONE], One(BY_OTHER_PHONE, "phone"), id="any phone, anywhere"),
        pytest.param([BY_EMAIL, FOREIGN], One(BY_EMAIL, "email"), id="e-mail"),
        pytest.param([BY_PHONE, BY_PHONE], One(BY_PHONE, "phone"), id="one that was found twice"),
        pytest.param([OURS, MERGED], Ambiguous(("2", "3"), "external_id"), id="two of our ids"),
        pytest.param([BY_OTHER_PHONE, BY_PHONE], Ambiguous(("4", "5"), "phone"), id="two phones"),
        pytest.param([BY_EMAIL, there("7", email="lan@shop.vn")], Ambiguous(("6", "7"), "email"),
                     id="two e-mails"),
        pytest.param([BY_PHONE, there("8", phone=PHONE, archived=True)],
                     One(BY_PHONE, "phone", ("8",)), id="an archived duplicate does not count"),
    ],
)  # fmt: skip
def test_first_sign_that_fits_decides(records: list[RemoteRecord], found: Match) -> None:
    assert matched(*records) == found


def test_archived_record_is_found_where_there_is_no_other() -> None:
    """Otherwise a second one would be made, and the archived one be back some day."""
    archived = there("8", phone=PHONE, archived=True)

    assert matched(archived) == One(archived, "phone")
    assert matched(archived, there("7", phone=PHONE, archived=True)) == Ambiguous(
        ("7", "8"), "phone"
    )


def test_empty_fields_of_both_sides_do_not_fit() -> None:
    nobody = Wanted(external_ids=("c2",), emails=("",), phones=("",))
    empty = there("7", phone=None, email="", x_phones="chưa có")

    assert match(nobody, [empty], PAIRS, Claims()) == Nobody()


def test_record_that_carries_the_id_of_another_customer_is_claimed() -> None:
    taken = there("7", "c2", phone=PHONE)

    assert matched(taken) == Claimed("7", "phone", "c2")


def test_record_that_another_customer_is_linked_to_is_claimed() -> None:
    assert matched(BY_EMAIL, claims={"6": "c2"}) == Claimed("6", "email", "c2")
    assert matched(BY_EMAIL, claims={"6": "c1", "4": "c2"}) == One(BY_EMAIL, "email")
    assert matched(BY_EMAIL, claims={"6": "merged"}) == One(BY_EMAIL, "email")


def test_what_is_asked_for_are_all_signs_and_every_id() -> None:
    first, second = LAN.asked

    assert (first.external_id, first.phones, first.emails) == ("c1", LAN.phones, LAN.emails)
    assert (second.external_id, second.phones) == ("merged", ())


def test_records_of_two_customers_are_told_with_both() -> None:
    links = [("c1", "7"), ("c2", "7"), ("c1", "7"), ("c3", "8")]

    assert claimed_twice(links) == {"7": ("c1", "c2")}
    assert claimed_twice([]) == {}


RECORDS = st.lists(
    st.sampled_from([LINKED, OURS, MERGED, BY_PHONE, BY_OTHER_PHONE, BY_EMAIL, FOREIGN]),
    max_size=8,
)


@UNHURRIED
@given(RECORDS, st.randoms(use_true_random=False))
def test_order_of_the_answers_does_not_matter(records: list[RemoteRecord], chance: Any) -> None:
    shuffled = [*records, *records[:2]]
    chance.shuffle(shuffled)

    assert matched(*shuffled) == matched(*records)
