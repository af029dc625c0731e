"""Both sides of a customer: who follows whom, who wins, and who is told what they have lost."""

from datetime import timedelta
from typing import Any

import pytest

from crm_sync.connectors.model import Value
from crm_sync.mapping.echoes import Wrote
from crm_sync.mapping.incoming import Incoming, Known, Take, compare
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.outgoing import update
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.synced import Synced
from crm_sync.mapping.tagging import TagChange
from tests.crm_sync.mapping.fields_of_shop import (
    NAMES,
    NOON,
    OTHER_PHONE,
    PHONE,
    THIRD_PHONE,
    customer,
    odd_pair,
    pair,
    record,
)

SECOND = timedelta(seconds=1)
OLD, OURS, THEIRS = PHONE, OTHER_PHONE, THIRD_PHONE
NEVER = "never"


def had(pair_: Pair, value: Value) -> Synced:
    form = value_hash(pair_, value)
    return Synced(form, form, value if isinstance(value, tuple) else ())


def phones(text: str | None) -> list[str]:
    return [text] if text else []


def seen_phone(
    pair_: Pair,
    last: str | None,
    ours: str | None,
    theirs: Value,
    *,
    times: tuple[Any, Any] = (None, NOON),
) -> Incoming:
    """`last` is what both had, NEVER before the first time; `times` are ours and theirs."""
    ours_at, theirs_at = times
    known = Known(
        {} if last == NEVER else {"phone": had(pair_, last)},
        edited_at={"phones": ours_at} if ours_at is not None else {},
    )
    there = record({"phone": theirs}, changed_at=theirs_at)
    return compare([pair_], customer(phones=phones(ours)), there, known, NAMES, NOON)


def what(found: Incoming) -> str:
    """The one outcome in a word or two."""
    (one,) = found.outcomes
    words = ["take"] * (one.take is not None) + ["push"] * one.push
    words += [f"{one.lost.side} lost"] if one.lost else []
    words += ["agree"] * (one.synced is not None and one.take is None)
    return " ".join(words) or "nothing"


@pytest.mark.parametrize(
    ("last", "ours", "theirs", "push", "pull", "both"),
    [
        pytest.param(OLD, OLD, OLD, "nothing", "nothing", "nothing", id="nobody moved"),
        pytest.param(OLD, OURS, OLD, "push", "nothing", "push", id="we moved"),
        pytest.param(OLD, OLD, THEIRS, "nothing", "take", "take", id="they moved"),
        pytest.param(OLD, OURS, OURS, "agree", "agree", "agree", id="both to the same"),
        pytest.param(
            OLD, OURS, THEIRS, "push crm lost", "take inbox lost", "push crm lost", id="both"
        ),
        pytest.param(OLD, None, OLD, "push", "nothing", "push", id="18: we emptied it"),
        pytest.param(OLD, OLD, None, "nothing", "take", "take", id="18: they emptied it"),
        pytest.param(OLD, None, None, "agree", "agree", "agree", id="both emptied it"),
        pytest.param(
            OLD, None, THEIRS, "push crm lost", "take inbox lost", "push crm lost", id="we emptied"
        ),
        pytest.param(
            OLD, OURS, None, "push crm lost", "take inbox lost", "push crm lost", id="they emptied"
        ),
        pytest.param(None, None, None, "nothing", "nothing", "nothing", id="never anything"),
        pytest.param(None, OURS, None, "push", "nothing", "push", id="first value is ours"),
        pytest.param(None, None, THEIRS, "nothing", "take", "take", id="first value is theirs"),
    ],
)
def test_three_way_comparison(
    last: str | None, ours: str | None, theirs: str | None, push: str, pull: str, both: str
) -> None:
    for direction, expected in (("push", push), ("pull", pull), ("both", both)):
        pair_ = pair("phones", direction=direction)

        assert what(seen_phone(pair_, last, ours, theirs)) == expected, direction


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(None, None, "nothing", id="both empty"),
        pytest.param(OURS, OURS, "agree", id="the same"),
        pytest.param(OURS, None, "push", id="only we have one"),
        pytest.param(None, THEIRS, "take", id="only they have one"),
        pytest.param(OURS, THEIRS, "push crm lost", id="two different ones are a conflict"),
    ],
)
def test_record_that_was_just_found(ours: str | None, theirs: str | None, expected: str) -> None:
    found = seen_phone(pair("phones", direction="both"), NEVER, ours, theirs)

    assert what(found) == expected


@pytest.mark.parametrize(
    ("policy", "ours_at", "theirs_at", "expected"),
    [
        ("inbox_wins", NOON, NOON + SECOND, "push crm lost"),
        ("crm_wins", NOON + SECOND, NOON, "take inbox lost"),
        ("newest_wins", NOON, NOON + SECOND, "take inbox lost"),
        ("newest_wins", NOON + SECOND, NOON, "push crm lost"),
        ("newest_wins", NOON, NOON, "push crm lost"),
        ("newest_wins", None, NOON, "push crm lost"),
        ("newest_wins", NOON, None, "push crm lost"),
    ],
)
def test_both_edit_the_phone_and_the_policy_decides(
    policy: str, ours_at: Any, theirs_at: Any, expected: str
) -> None:
    """Acceptance 10: the loser is told with the value that is nowhere any more."""
    pair_ = pair("phones", direction="both", conflict=policy)

    found = seen_phone(pair_, OLD, OURS, THEIRS, times=(ours_at, theirs_at))

    assert what(found) == expected
    (outcome,) = found.lost
    assert outcome.lost is not None
    assert outcome.lost.value == (THEIRS if outcome.lost.side == "crm" else [OURS])


def test_phone_there_and_email_here_both_survive() -> None:
    """Acceptance 9."""
    phone, email = pair("phones", direction="both"), pair("emails", direction="both")
    known = Known({"phone": had(phone, OLD), "email": had(email, "old@shop.vn")})
    here = customer(phones=[OLD], emails=["new@shop.vn"])
    there = record({"phone": "0933 333 333", "email": "old@shop.vn"})

    found = compare([phone, email], here, there, known, NAMES, NOON)

    assert found.edit == {"phones": [THEIRS]}
    assert found.pushes == ("emails",)
    assert found.lost == ()
    assert found.synced == {"phone": had(phone, THEIRS)}
    pushed = update([phone, email], here | found.edit, NAMES, found.pushes, known.synced)
    assert pushed.edit.values == {"email": "new@shop.vn"}


def test_our_own_write_does_not_come_back() -> None:
    """Acceptance 11: as the CRM spells it, for as many polls as one likes."""
    pairs = (pair("phones", direction="both"), pair("note", direction="both"))
    here = customer(phones=[OURS], note="a <b>\nc")
    sent = update(pairs, here, NAMES, ["phones", "note"], {})
    there = record({"phone": "+84 987 654 321", "comment": "<p>a &lt;b&gt;<br/>c</p>\n"})
    ledger = tuple(Wrote(name, one.theirs, NOON) for name, one in sent.synced.items())
    known = Known(sent.synced, ledger)

    for poll in range(1, 6):
        found = compare(pairs, here, there, known, NAMES, NOON + poll * SECOND)

        assert [what(Incoming((one,), ())) for one in found.outcomes] == ["nothing", "nothing"]
        known = Known({**known.synced, **found.synced}, found.ledger)


def test_echo_of_a_write_that_was_overtaken_is_no_edit() -> None:
    """An answer that was lost, or a second write, has moved what we remember meanwhile."""
    pair_ = pair("phones", direction="both")
    ledger = (Wrote("phone", value_hash(pair_, OLD), NOON),)
    known = Known({"phone": had(pair_, OURS)}, ledger)

    found = compare(
        [pair_], customer(phones=[OURS]), record({"phone": OLD}), known, NAMES, NOON + SECOND
    )

    assert what(found) == "nothing"
    assert found.ledger == ()


def test_human_edit_in_the_second_of_ours_is_not_lost() -> None:
    """Acceptance 12: the CRM's time is no finer than a second."""
    pair_ = pair("phones", direction="both")
    wrote = Wrote("phone", value_hash(pair_, OURS), NOON, changed_at=NOON)
    known = Known({"phone": had(pair_, OURS)}, (wrote,))
    there = record({"phone": THEIRS}, changed_at=NOON)

    found = compare([pair_], customer(phones=[OURS]), there, known, NAMES, NOON + SECOND)

    assert found.edit == {"phones": [THEIRS]}
    assert found.ledger == ()


def test_what_was_read_before_our_write_takes_nothing_back() -> None:
    pair_, tags = pair("phones", direction="both"), pair("tag_ids", direction="both")
    later = NOON + 2 * SECOND
    ledger = (
        Wrote("phone", value_hash(pair_, OURS), later),
        Wrote("category_id", value_hash(tags, ("VIP",)), later),
    )
    known = Known({"phone": had(pair_, OURS), "category_id": had(tags, ("VIP",))}, ledger)
    there = record({"phone": OLD, "category_id": ()})
    here = customer(phones=[OURS], tag_ids=["t1"])

    found = compare([pair_, tags], here, there, known, NAMES, NOON)

    assert found.outcomes == ()
    assert found.ledger == ledger


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(None, OLD, "nothing", id="we emptied it"),
        pytest.param(OLD, None, "nothing", id="they emptied it"),
        pytest.param(None, THEIRS, "take", id="emptied here, changed there"),
        pytest.param(OURS, None, "push", id="changed here, emptied there"),
    ],
)
def test_emptiness_never_crosses_where_the_policy_says_so(
    ours: str | None, theirs: str | None, expected: str
) -> None:
    pair_ = pair("phones", direction="both", clear="keep", conflict="crm_wins")

    assert what(seen_phone(pair_, OLD, ours, theirs)) == expected


@pytest.mark.parametrize(
    ("theirs", "code"),
    [("0912***678", "crm_value_masked"), ("chưa có", "crm_no_phone")],
)
@pytest.mark.parametrize(("ours", "expected"), [(OLD, "nothing"), (OURS, "push crm lost")])
def test_value_that_cannot_be_read_is_not_taken(
    theirs: str, code: str, ours: str, expected: str
) -> None:
    pair_ = pair("phones", direction="both", conflict="crm_wins")

    found = seen_phone(pair_, OLD, ours, theirs)

    assert what(found) == expected
    assert found.outcomes[0].reason is not None
    assert found.outcomes[0].reason.code == code


def test_second_number_that_somebody_types_there_is_not_written_over() -> None:
    """One field there holds two numbers, of which we write the first: both sides may differ."""
    pair_ = pair("phones", direction="both")
    there = record({"phone": "0987654321 / 0933333333"})
    known = Known({"phone": had(pair_, OLD)})
    here = customer(phones=[OLD])
    found = compare([pair_], here, there, known, NAMES, NOON)
    here |= found.edit

    assert here["phones"] == [OURS, THEIRS]
    again = compare([pair_], here, there, Known(found.synced), NAMES, NOON)
    assert what(again) == "nothing"
    assert update([pair_], here, NAMES, ["phones"], found.synced).edit.is_empty


@pytest.mark.parametrize(("direction", "pushes"), [("both", ("phones",)), ("pull", ())])
def test_next_number_follows_where_the_first_one_was_emptied(
    direction: str, pushes: tuple[str, ...]
) -> None:
    pair_ = pair("phones", direction=direction)
    known = Known({"phone": had(pair_, OLD)})
    here = customer(phones=[OLD, OURS])

    found = compare([pair_], here, record({"phone": None}), known, NAMES, NOON)

    assert found.edit == {"phones": [OURS]}
    assert found.pushes == pushes
    pushed = update([pair_], here | found.edit, NAMES, found.pushes, found.synced)
    assert pushed.edit.values == ({"phone": OURS} if pushes else {})


def test_person_in_charge_whom_nobody_knows_here_is_told_and_stays() -> None:
    pair_ = pair("owner_id", direction="both")
    known = Known({"user_id": had(pair_, "lan@shop.vn")})

    found = compare(
        [pair_], customer(owner_id="s1"), record({"user_id": "x@y.vn"}), known, NAMES, NOON
    )

    assert found.edit == {}
    assert [one.reason.code for one in found.outcomes if one.reason] == ["crm_person_unknown"]


def test_name_and_fields_that_were_not_read_are_left_alone() -> None:
    pairs = (pair("name"), pair("phones", direction="both"), pair("emails", direction="both"))

    found = compare(
        pairs, customer(), record({"name": "Khác", "phone": None}), Known(), NAMES, NOON
    )

    assert [one.pair.theirs for one in found.outcomes] == ["phone"]


@pytest.mark.parametrize(
    ("last", "ours", "theirs", "change", "push", "agreed"),
    [
        pytest.param((), ["t1"], (), TagChange(), True, (), id="new here"),
        pytest.param((), [], ("VIP",), TagChange(add=("VIP",)), False, ("VIP",), id="new there"),
        pytest.param(("VIP",), [], ("VIP",), TagChange(), True, ("VIP",), id="gone here"),
        pytest.param(("VIP",), ["t1"], (), TagChange(remove=("VIP",)), False, (), id="gone there"),
        pytest.param(("VIP",), ["t1"], ("vip",), TagChange(), False, ("VIP",), id="same in both"),
        pytest.param(("VIP",), [], (), TagChange(), False, (), id="gone in both"),
        pytest.param((), ["t1"], ("VIP",), TagChange(), False, ("VIP",), id="new in both"),
        pytest.param(("VIP",), ["t2"], ("VIP", "Mới"), TagChange(add=("Mới",)), True,
                     ("Mới", "VIP"), id="each changes another"),
        pytest.param(("VIP",), ["t1"], ("Siêu VIP",),
                     TagChange(add=("Siêu VIP",), remove=("VIP",)), False, ("Siêu VIP",),
                     id="13: renamed there"),
    ],
)  # fmt: skip
def test_tags_come_and_go_on_both_sides(
    last: tuple[str, ...],
    ours: list[str],
    theirs: Value,
    change: TagChange,
    push: bool,
    agreed: tuple[str, ...],
) -> None:
    pair_ = pair("tag_ids", direction="both")
    known = Known({"category_id": had(pair_, last)})

    found = compare(
        [pair_], customer(tag_ids=ours), record({"category_id": theirs}), known, NAMES, NOON
    )

    assert found.tags == change
    assert found.pushes == (("tag_ids",) if push else ())
    assert found.lost == ()
    after = {**known.synced, **found.synced}["category_id"]
    assert tuple(name.lower() for name in after.tags) == tuple(name.lower() for name in agreed)


def test_tags_of_a_crm_that_only_follows_are_never_taken() -> None:
    pair_ = pair("tag_ids")
    known = Known({"category_id": had(pair_, ("VIP",))})

    found = compare(
        [pair_], customer(tag_ids=["t1"]), record({"category_id": ("Mới",)}), known, NAMES, NOON
    )

    assert found.tags == TagChange()
    assert found.synced == {}
    assert found.pushes == ("tag_ids",)


def test_all_tags_taken_away_there_stay_where_emptiness_does_not_cross() -> None:
    pair_ = pair("tag_ids", direction="both", clear="keep")
    known = Known({"category_id": had(pair_, ("VIP",))})

    found = compare(
        [pair_], customer(tag_ids=["t1"]), record({"category_id": ()}), known, NAMES, NOON
    )

    assert found.tags == TagChange()
    assert found.pushes == ()


def test_all_tags_taken_away_here_do_not_come_back_where_emptiness_does_not_cross() -> None:
    pair_ = pair("tag_ids", direction="both", clear="keep")
    known = Known({"category_id": had(pair_, ("VIP",))})

    found = compare([pair_], customer(), record({"category_id": ("VIP",)}), known, NAMES, NOON)

    after = Known({**known.synced, **found.synced})
    again = compare([pair_], customer(), record({"category_id": ("VIP",)}), after, NAMES, NOON)
    assert (found.tags, again.tags) == (TagChange(), TagChange())


def test_tag_that_was_taken_away_here_is_taken_away_there_after_the_record_was_read() -> None:
    pair_ = pair("tag_ids", direction="both")
    known = Known({"category_id": had(pair_, ("VIP",))})

    found = compare([pair_], customer(), record({"category_id": ("VIP",)}), known, NAMES, NOON)
    pushed = update([pair_], customer(), NAMES, found.pushes, {**known.synced, **found.synced})

    assert pushed.edit.remove_tags == {"category_id": ("VIP",)}


def test_tags_in_a_field_of_text_come_and_go_by_name() -> None:
    pair_ = odd_pair("tag_ids", "text", direction="both")
    here = customer(tag_ids=["t1", "t2"])
    known = Known(update([pair_], here, NAMES, ["tag_ids"], {}).synced)

    found = compare([pair_], here, record({"x": "khách sỉ; Mới"}), known, NAMES, NOON)

    assert found.tags == TagChange(add=("Mới",), remove=("VIP",))
    assert found.edit == {}


def test_attribute_in_a_field_of_tags_is_no_tag_of_the_customer() -> None:
    pair_ = odd_pair("attributes.likes", "tags", direction="both")
    here = customer(attributes={"likes": ["a", "b"]})
    known = Known({"x": had(pair_, ("a", "b"))})

    found = compare([pair_], here, record({"x": ("b", "c")}), known, NAMES, NOON)

    assert found.tags == TagChange()
    assert found.edit == {"attributes.likes": ["b", "c"]}


def test_taken_values_are_remembered_as_each_side_has_them() -> None:
    pair_ = pair("note", direction="both")

    found = compare([pair_], customer(), record({"comment": "<p>a</p>"}), Known(), NAMES, NOON)

    assert found.outcomes[0].take == Take("a")
    assert found.synced["comment"] == had(pair_, "a")
