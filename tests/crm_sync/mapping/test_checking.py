"""A mapping against the fields that the CRM has: one bad field is switched off, not the rest."""

import pytest
from pydantic import ValidationError

from crm_sync.connectors.model import FieldKind
from crm_sync.mapping.checking import MappingRefused, check, refuse_unusable
from crm_sync.mapping.model import FieldMap, FieldMapping, Transform, next_version
from crm_sync.mapping.presets import default_fields
from tests.crm_sync.mapping.fields_of_shop import ODOO, odd_pair, remote


def mapping(*fields: FieldMap) -> FieldMapping:
    return FieldMapping(fields=fields)


PHONE_AND_UNKNOWN = mapping(
    FieldMap(ours="phones", theirs="phone"), FieldMap(ours="note", theirs="x_note")
)


def test_default_mapping_of_odoo_fits_odoo() -> None:
    found = check(mapping(*default_fields("odoo")), ODOO)

    assert found.off == ()
    assert [pair.way for pair in found.pairs] == ["plain", "e164", "lower", "html", "tags"]


def test_unknown_field_is_switched_off_and_the_others_go_on() -> None:
    found = check(PHONE_AND_UNKNOWN, ODOO)

    assert [pair.theirs for pair in found.pairs] == ["phone"]
    (off,) = found.off
    assert off.map.theirs == "x_note"
    assert off.reason.code == "crm_field_unknown"
    assert "x_note" in off.reason.vi
    assert "x_note" in off.reason.en


def test_mapping_to_a_field_that_does_not_exist_is_refused_when_it_is_saved() -> None:
    """Acceptance 17: Odoo 11 would take it without a word, and write nothing."""
    with pytest.raises(MappingRefused) as refused:
        refuse_unusable(PHONE_AND_UNKNOWN, ODOO)

    (error,) = refused.value.errors
    assert (error.field, error.code) == ("fields.1.theirs", "crm_field_unknown")


def test_mapping_that_fits_is_saved() -> None:
    refuse_unusable(mapping(FieldMap(ours="phones", theirs="phone")), ODOO, attributes=())


def test_attribute_that_is_not_in_the_catalogue_is_refused() -> None:
    wanted = mapping(FieldMap(ours="attributes.points", theirs="x_points"))

    assert check(wanted, ODOO).off == ()
    assert check(wanted, ODOO, attributes=["points"]).off == ()
    with pytest.raises(MappingRefused) as refused:
        refuse_unusable(wanted, ODOO, attributes=["address"])
    assert refused.value.errors[0].field == "fields.0.ours"


@pytest.mark.parametrize(("direction", "is_off"), [("push", True), ("both", True), ("pull", False)])
def test_read_only_field_can_be_pulled_and_not_pushed(direction: str, is_off: bool) -> None:
    wanted = FieldMap.model_validate(
        {"ours": "attributes.seen", "theirs": "write_date", "direction": direction}
    )

    found = check(mapping(wanted), ODOO)

    assert [off.reason.code for off in found.off] == ["crm_field_read_only"] * is_off


@pytest.mark.parametrize(
    ("ours", "kind", "transform", "fits"),
    [
        ("phones", "phone", "auto", True),
        ("phones", "text", "join", True),
        ("phones", "email", "auto", False),
        ("phones", "number", "plain", False),
        ("phones", "html", "auto", False),
        ("emails", "email", "auto", True),
        ("emails", "phone", "auto", False),
        ("note", "text", "auto", True),
        ("note", "html", "auto", True),
        ("note", "text", "html", False),
        ("note", "html", "plain", False),
        ("note", "choice", "auto", False),
        ("tag_ids", "tags", "auto", True),
        ("tag_ids", "text", "auto", True),
        ("tag_ids", "choice", "auto", False),
        ("tag_ids", "text", "tags", False),
        ("name", "text", "auto", True),
        ("name", "number", "auto", False),
        ("owner_id", "user", "auto", True),
        ("owner_id", "choice", "auto", False),
        ("attributes.x", "date", "auto", True),
        ("attributes.x", "choice", "auto", True),
        ("attributes.x", "html", "auto", True),
        ("attributes.x", "html", "plain", False),
        ("attributes.x", "tags", "auto", True),
        ("attributes.x", "user", "auto", False),
    ],
)
def test_field_of_another_type_is_switched_off(
    ours: str, kind: FieldKind, transform: Transform, fits: bool
) -> None:
    one = odd_pair(ours, kind, transform=transform).map

    found = check(mapping(one), {"x": remote("x", kind)})

    assert [off.reason.code for off in found.off] == ["crm_field_ill_typed"] * (not fits)


def test_field_that_comes_back_is_used_again() -> None:
    without = {name: one for name, one in ODOO.items() if name != "phone"}
    wanted = mapping(FieldMap(ours="phones", theirs="phone"))

    assert check(wanted, without).pairs == ()
    assert len(check(wanted, ODOO).pairs) == 1


def test_version_grows_with_every_change_and_only_then() -> None:
    first = next_version(None, default_fields("odoo"))
    same = next_version(first, default_fields("odoo"))
    changed = next_version(first, default_fields("odoo")[1:])

    assert (first.version, same.version, changed.version) == (1, 1, 2)


def test_mapping_is_read_back_from_what_is_stored() -> None:
    stored = mapping(*default_fields("odoo"))

    assert FieldMapping.model_validate(stored.model_dump(mode="json")) == stored


def test_fields_that_an_edit_concerns_are_those_that_are_pushed() -> None:
    wanted = mapping(
        FieldMap(ours="name", theirs="name"),
        FieldMap(ours="phones", theirs="phone"),
        FieldMap(ours="phones", theirs="x_phones", transform="join"),
        FieldMap(ours="note", theirs="comment", direction="pull"),
    )

    found = wanted.pushed_for(["name", "phones", "note"])

    assert [one.theirs for one in found] == ["phone", "x_phones"]


def test_two_sources_of_one_field_are_refused() -> None:
    with pytest.raises(ValidationError, match="twice"):
        mapping(FieldMap(ours="phones", theirs="x"), FieldMap(ours="note", theirs="x"))
