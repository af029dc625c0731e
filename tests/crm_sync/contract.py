"""What every connector must do, asked of each in the same words, against its real CRM.

A connector comes with a `Harness`: what its CRM calls things, how a person changes them there, and
a proxy that misbehaves. Its test file derives from `ConnectorContract` and gives the fixture
`harness`. What became of a call is read from the CRM, past connector and proxy.
"""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import pytest

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmBusy,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.model import Asked, Connector, Edit, Place, RemoteRecord, Value
from tests.crm_sync.faults import DropAnswer, FaultProxy, Overtaken, Refuse, Reset, Stall

T = TypeVar("T")
NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
NFD = unicodedata.normalize("NFD", "Nguyễn Thị Thuỳ Dương ở Đà Nẵng")
ODD_TEXTS = [
    pytest.param("<script>alert('x')</script> & <b>đậm</b> \"trích\"", id="script"),
    pytest.param("Khách hỏi mẫu mới, xin gọi lại sau 17h. " * 1600, id="seventy kilobytes"),
    pytest.param("👩🏽‍🦰❤️🇻🇳 cảm ơn shop", id="emoji"),
    pytest.param(NFD, id="decomposed Vietnamese"),
    pytest.param("dòng một\ndòng hai\n\ndòng bốn", id="lines"),
    pytest.param("100% = {0} %s \\n %(x)s ${y}", id="looks like a format"),
]


@dataclass(frozen=True)
class Names:
    """What the CRM calls the fields of a customer."""

    name: str
    phone: str
    email: str
    text: str
    choice: str
    tags: str
    good_choice: str


class Harness(Protocol):
    """A connector to a CRM that can be told what to do, and looked into."""

    connector: Connector
    names: Names
    proxy: FaultProxy
    making: bytes
    """What the body of the request that makes a record or a note holds."""
    archives: bool
    """Whether people can put a record away there without deleting it."""

    def connect(self, *, secret: str | None = None, patience: timedelta | None = None) -> Connector:
        """Another connector to the same CRM, closed with the test."""
        ...

    def new_id(self) -> str:
        """An id of a customer that the CRM has never heard of."""
        ...

    def new_phone(self) -> str:
        """A number that nobody has there, in E.164."""
        ...

    async def records_named(self, name: str) -> int:
        """How many records have that name, archived ones too."""
        ...

    async def notes(self, record_id: str) -> list[str]:
        """Texts of the notes of a record, as people read them, the oldest first."""
        ...

    async def edit(self, record_id: str, values: Mapping[str, Value]) -> None:
        """A person writes plain fields."""
        ...

    async def tag(self, record_id: str, name: str) -> None:
        """A person adds a tag."""
        ...

    async def rename_tag(self, old: str, new: str) -> None: ...

    async def archive(self, record_id: str) -> None: ...

    async def delete(self, record_id: str) -> None: ...

    async def make_at_once(self, count: int) -> list[str]:
        """Records that were all made in the same moment; their ids."""
        ...


async def until_done(call: Callable[[], Awaitable[T]], tries: int = 20) -> T:
    """As the worker does: what passes is tried again."""
    for _ in range(tries - 1):
        try:
            return await call()
        except (CrmAway, CrmUncertain):
            continue
    return await call()


def needs_an_archive(harness: Harness) -> None:
    if not harness.archives:
        pytest.skip("this CRM only deletes")


def named(harness: Harness, external_id: str, **more: Value) -> Edit:
    """A new record's edit, its name as unique as its id."""
    return Edit({harness.names.name: f"Khách {external_id}", **more})


async def a_record(harness: Harness, **values: Value) -> str:
    external_id = harness.new_id()
    written = await harness.connector.create(external_id, named(harness, external_id, **values))
    return written.record_id


async def read(harness: Harness, record_id: str, *fields: str) -> Mapping[str, Value]:
    return (await harness.connector.get(record_id, fields)).values


class ConnectorContract:
    """Derive from it and give the fixture `harness`."""

    async def test_good_credentials_are_good(self, harness: Harness) -> None:
        await harness.connector.check()

    async def test_wrong_credentials_are_refused(self, harness: Harness) -> None:
        stranger = harness.connect(secret="không phải nó")

        with pytest.raises(AuthRefused):
            await stranger.check()
        with pytest.raises(AuthRefused):
            await stranger.create(harness.new_id(), named(harness, harness.new_id()))

    async def test_fields_are_described_as_they_are(self, harness: Harness) -> None:
        fields = await harness.connector.fields()

        names = harness.names
        kinds = {name: fields[name].kind for name in (names.phone, names.email, names.tags)}
        assert kinds == {names.phone: "phone", names.email: "email", names.tags: "tags"}
        choices = fields[names.choice].choices
        assert choices is not None
        assert names.good_choice in choices
        assert not fields[names.text].read_only

    async def test_new_record_holds_what_was_said(self, harness: Harness) -> None:
        names, external_id, phone = harness.names, harness.new_id(), harness.new_phone()
        edit = Edit(
            {names.name: "Lan", names.phone: phone, names.choice: names.good_choice},
            add_tags={names.tags: ("VIP", "Khách sỉ")},
        )

        written = await harness.connector.create(external_id, edit)

        found = await harness.connector.get(
            written.record_id, [names.name, names.phone, names.choice, names.tags, names.email]
        )
        assert found.values[names.name] == "Lan"
        assert found.values[names.phone] == phone
        assert found.values[names.choice] == names.good_choice
        assert set(found.values[names.tags] or ()) == {"VIP", "Khách sỉ"}
        assert found.values[names.email] is None
        assert found.url == written.url
        assert not found.archived

    async def test_record_made_twice_is_one(self, harness: Harness) -> None:
        external_id = harness.new_id()
        edit = named(harness, external_id)

        first = await harness.connector.create(external_id, edit)
        again = await harness.connect().create(external_id, edit)

        assert again.record_id == first.record_id
        assert await harness.records_named(f"Khách {external_id}") == 1

    async def test_record_made_again_takes_newer_values_and_keeps_its_name(
        self, harness: Harness
    ) -> None:
        names, external_id = harness.names, harness.new_id()
        first = await harness.connector.create(
            external_id, named(harness, external_id, **{names.text: "cũ"})
        )
        await harness.edit(first.record_id, {names.name: "Chị Lan (đã sửa)"})

        await harness.connector.create(
            external_id, named(harness, external_id, **{names.text: "mới"})
        )

        found = await read(harness, first.record_id, names.name, names.text)
        assert found == {names.name: "Chị Lan (đã sửa)", names.text: "mới"}

    async def test_record_whose_answer_was_lost_five_times_is_one(self, harness: Harness) -> None:
        external_id = harness.new_id()
        edit = named(harness, external_id)
        for _ in range(5):
            harness.proxy.will(DropAnswer(), on=harness.making)
            with pytest.raises(CrmUncertain):
                await harness.connector.create(external_id, edit)

        written = await harness.connector.create(external_id, edit)

        assert await harness.records_named(f"Khách {external_id}") == 1
        found = await harness.connector.find(Asked(external_id), ())
        assert [(one.id, one.external_id) for one in found] == [(written.record_id, external_id)]

    async def test_record_made_by_six_workers_at_once_is_one(self, harness: Harness) -> None:
        external_id = harness.new_id()
        edit = named(harness, external_id, **{harness.names.text: "một"})
        workers = [harness.connect() for _ in range(6)]
        calls = [lambda one=one: one.create(external_id, edit) for one in workers]

        made = await asyncio.gather(*(until_done(call) for call in calls))

        assert len({one.record_id for one in made}) == 1
        assert await harness.records_named(f"Khách {external_id}") == 1

    async def test_update_changes_what_it_names_and_nothing_else(self, harness: Harness) -> None:
        names = harness.names
        record_id = await a_record(harness, **{names.email: "lan@shop.vn", names.text: "giữ"})

        await harness.connector.update(record_id, Edit({names.email: "lan2@shop.vn"}))

        found = await read(harness, record_id, names.email, names.text)
        assert found == {names.email: "lan2@shop.vn", names.text: "giữ"}

    async def test_cleared_field_is_empty(self, harness: Harness) -> None:
        names = harness.names
        values = {names.phone: harness.new_phone(), names.choice: names.good_choice}
        record_id = await a_record(harness, **values)

        await harness.connector.update(record_id, Edit(dict.fromkeys(values)))

        assert await read(harness, record_id, *values) == dict.fromkeys(values)

    async def test_update_of_a_field_that_is_not_there_names_it(self, harness: Harness) -> None:
        names = harness.names
        record_id = await a_record(harness, **{names.text: "trước"})

        with pytest.raises(MappingBroken) as refused:
            await harness.connector.update(
                record_id, Edit({names.text: "sau", "x_khong_co": "gì đó"})
            )

        assert refused.value.fields == {"x_khong_co"}
        assert (await read(harness, record_id, names.text))[names.text] == "trước"

    async def test_choice_that_is_not_there_names_its_field(self, harness: Harness) -> None:
        record_id = await a_record(harness)

        with pytest.raises(InvalidValue) as refused:
            await harness.connector.update(record_id, Edit({harness.names.choice: "bạch kim"}))

        assert refused.value.fields == {harness.names.choice}

    async def test_new_record_with_a_bad_choice_is_not_made(self, harness: Harness) -> None:
        external_id = harness.new_id()
        edit = named(harness, external_id, **{harness.names.choice: "bạch kim"})

        with pytest.raises(InvalidValue) as refused:
            await harness.connector.create(external_id, edit)

        assert refused.value.fields == {harness.names.choice}
        assert await harness.records_named(f"Khách {external_id}") == 0

    async def test_deleted_record_is_gone_and_nothing_brings_it_back(
        self, harness: Harness
    ) -> None:
        external_id = harness.new_id()
        made = await harness.connector.create(external_id, named(harness, external_id))
        await harness.delete(made.record_id)

        with pytest.raises(RecordGone):
            await harness.connector.update(made.record_id, Edit({harness.names.text: "x"}))
        with pytest.raises(RecordGone):
            await harness.connector.update(made.record_id, Edit())
        with pytest.raises(RecordGone):
            await harness.connector.get(made.record_id, ())
        with pytest.raises(RecordGone):
            await harness.connector.note(made.record_id, harness.new_id(), "còn không?", NOON)

        assert list(await harness.connector.find(Asked(external_id), ())) == []
        assert await harness.records_named(f"Khách {external_id}") == 0

    @pytest.mark.parametrize("record_id", ["", "abc", "-1", "999999999", "1 or 1=1", "٣"])
    async def test_id_that_never_was_is_gone(self, harness: Harness, record_id: str) -> None:
        with pytest.raises(RecordGone):
            await harness.connector.get(record_id, ())
        with pytest.raises(RecordGone):
            await harness.connector.update(record_id, Edit({harness.names.text: "x"}))

    async def test_archived_record_is_found_and_written_and_stays_archived(
        self, harness: Harness
    ) -> None:
        needs_an_archive(harness)
        names, external_id, phone = harness.names, harness.new_id(), harness.new_phone()
        edit = named(harness, external_id, **{names.phone: phone})
        made = await harness.connector.create(external_id, edit)
        await harness.archive(made.record_id)

        await harness.connector.create(external_id, edit)
        await harness.connector.update(made.record_id, Edit({names.text: "vẫn ghi được"}))

        for asked in (Asked(external_id), Asked(phones=(phone,))):
            found = await harness.connector.find(asked, [names.text])
            assert [(one.id, one.archived) for one in found] == [(made.record_id, True)]
            assert found[0].values[names.text] == "vẫn ghi được"
        assert await harness.records_named(f"Khách {external_id}") == 1

    async def test_phone_is_found_however_people_typed_it(self, harness: Harness) -> None:
        names, phone = harness.names, harness.new_phone()
        national = f"0{phone.removeprefix('+84')}"
        spellings = [
            phone,
            national,
            f"{national[:4]}.{national[4:7]}.{national[7:]}",
            f"(+84) {national[1:4]} {national[4:7]} {national[7:]}",
        ]
        made = [await a_record(harness) for _ in spellings]
        for record_id, spelling in zip(made, spellings, strict=True):
            await harness.edit(record_id, {names.phone: spelling})
        another = f"{phone[:4]}{(int(phone[4]) + 1) % 10}{phone[5:]}"  # ends in the same digits
        await a_record(harness, **{names.phone: another})

        found = await harness.connector.find(Asked(phones=(phone,)), ())

        assert {one.id for one in found} == set(made)

    async def test_email_is_found_whatever_its_case_and_never_as_a_pattern(
        self, harness: Harness
    ) -> None:
        names = harness.names
        mark = harness.new_id().lower()
        made = await a_record(harness, **{names.email: f"Lan_{mark}@Shop.VN"})
        await a_record(harness, **{names.email: f"LanX{mark}@shop.vn"})

        found = await harness.connector.find(Asked(emails=(f"lan_{mark}@shop.vn",)), ())

        assert [one.id for one in found] == [made]

    async def test_nothing_asked_for_finds_nothing(self, harness: Harness) -> None:
        assert list(await harness.connector.find(Asked(), ())) == []
        assert list(await harness.connector.find(Asked(harness.new_id()), ())) == []

    async def test_tags_come_and_go_and_those_of_others_stay(self, harness: Harness) -> None:
        tags = harness.names.tags
        record_id = await a_record(harness)
        await harness.tag(record_id, "Của sale")

        await harness.connector.update(record_id, Edit(add_tags={tags: ("Nóng", "Mới")}))
        await harness.connector.update(record_id, Edit(add_tags={tags: ("Nóng",)}))
        await harness.connector.update(
            record_id, Edit(add_tags={tags: ("Cũ",)}, remove_tags={tags: ("Mới", "không hề có")})
        )

        found = (await read(harness, record_id, tags))[tags]
        assert isinstance(found, tuple)
        assert sorted(found) == ["Cũ", "Của sale", "Nóng"]

    async def test_tag_made_again_leaves_one_that_was_renamed_its_name(
        self, harness: Harness
    ) -> None:
        tags, old, new = harness.names.tags, f"Cũ {harness.new_id()}", f"Mới {harness.new_id()}"
        first = await a_record(harness)
        await harness.connector.update(first, Edit(add_tags={tags: (old,)}))
        await harness.rename_tag(old, new)
        second = await a_record(harness)

        await harness.connector.update(second, Edit(add_tags={tags: (old,)}))

        assert (await read(harness, first, tags))[tags] == (new,)
        assert (await read(harness, second, tags))[tags] == (old,)

    async def test_note_written_twice_is_one_and_the_second_wins(self, harness: Harness) -> None:
        record_id, note_id = await a_record(harness), harness.new_id()

        first = await harness.connector.note(record_id, note_id, "bản nháp", NOON)
        again = await harness.connect().note(record_id, note_id, "bản cuối", NOON)

        assert first == again
        assert await harness.notes(record_id) == ["bản cuối"]

    async def test_note_whose_answer_was_lost_is_one(self, harness: Harness) -> None:
        record_id, note_id = await a_record(harness), harness.new_id()
        for _ in range(5):
            harness.proxy.will(DropAnswer(), on=harness.making)
            with pytest.raises(CrmUncertain):
                await harness.connector.note(record_id, note_id, "gọi lại", NOON)

        await harness.connector.note(record_id, note_id, "gọi lại", NOON)
        await harness.connector.note(record_id, harness.new_id(), "gọi lại", NOON)

        assert await harness.notes(record_id) == ["gọi lại", "gọi lại"]

    @pytest.mark.parametrize("text", ODD_TEXTS)
    async def test_odd_text_comes_back_as_it_was(self, harness: Harness, text: str) -> None:
        names = harness.names
        record_id = await a_record(harness, **{names.text: text})

        await harness.connector.note(record_id, harness.new_id(), text, NOON)

        assert (await read(harness, record_id, names.text))[names.text] == text
        assert await harness.notes(record_id) == [text]

    @pytest.mark.parametrize("text", ["a\0b", "a\ud83db"], ids=["NUL", "half a character"])
    async def test_text_that_no_database_takes_does_not_hold_up_the_rest(
        self, harness: Harness, text: str
    ) -> None:
        names = harness.names
        record_id = await a_record(harness, **{names.text: text})

        found = (await read(harness, record_id, names.text))[names.text]

        assert isinstance(found, str)
        assert found.startswith("a")
        assert found.endswith("b")

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    async def test_changes_of_one_moment_are_all_told_page_by_page(
        self, harness: Harness, limit: int
    ) -> None:
        made = await harness.make_at_once(7)
        first = await harness.connector.get(made[0], ())
        assert first.changed_at is not None

        told = await _all_changes(harness, Place(first.changed_at), limit)

        assert [one.id for one in told if one.id in made] == sorted(made, key=int)
        _each_once_in_order(told)

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
    async def test_changes_told_to_the_second_are_told_once_though_made_in_another_order(
        self, harness: Harness, limit: int
    ) -> None:
        made = await harness.make_at_once(8)
        first = await harness.connector.get(made[0], ())
        assert first.changed_at is not None
        for record_id in reversed(made):  # each a transaction of its own
            await harness.edit(record_id, {harness.names.text: f"sửa {record_id}"})

        told = await _all_changes(harness, Place(first.changed_at), limit)

        assert {one.id for one in told} >= set(made)
        _each_once_in_order(told)

    async def test_edit_in_the_moment_that_was_told_last_is_told(self, harness: Harness) -> None:
        names = harness.names
        record_id = await a_record(harness)
        at = (await harness.connector.get(record_id, ())).changed_at
        assert at is not None
        before = await harness.connector.changed_since(Place(at), ())
        await harness.edit(record_id, {names.text: "người sửa ngay sau đó"})

        told = await _all_changes(harness, before.place, 100, names.text)

        found = {one.id: one.values for one in told}
        assert found[record_id] == {names.text: "người sửa ngay sau đó"}

    async def test_archiving_is_a_change(self, harness: Harness) -> None:
        needs_an_archive(harness)
        record_id = await a_record(harness)
        at = (await harness.connector.get(record_id, ())).changed_at
        assert at is not None
        await harness.archive(record_id)

        told = await _all_changes(harness, Place(at), 100)

        assert {one.id: one.archived for one in told}[record_id]

    async def test_busy_says_how_long(self, harness: Harness) -> None:
        record_id = await a_record(harness)
        harness.proxy.will(Refuse(429, {"Retry-After": "7"}))

        with pytest.raises(CrmBusy) as busy:
            await harness.connector.update(record_id, Edit({harness.names.text: "x"}))

        assert busy.value.retry_after_s == 7

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            pytest.param(Refuse(503), CrmAway, id="out of service"),
            pytest.param(Refuse(502), CrmUncertain, id="lost by a gateway"),
            pytest.param(Refuse(200, {}, b"<html>bao tri</html>"), CrmAway, id="another page"),
            pytest.param(Refuse(301, {"Location": "/"}), CrmAway, id="redirect"),
            pytest.param(Reset(), CrmUncertain, id="cut"),
            pytest.param(DropAnswer(), CrmUncertain, id="answer lost"),
        ],
    )
    async def test_what_fails_in_passing_can_be_repeated(
        self, harness: Harness, fault: Refuse | Reset | DropAnswer, error: type[Exception]
    ) -> None:
        text = harness.names.text
        record_id = await a_record(harness)
        harness.proxy.will(fault)

        with pytest.raises(error):
            await harness.connector.update(record_id, Edit({text: "lần hai"}))
        await harness.connector.update(record_id, Edit({text: "lần hai"}))

        assert (await read(harness, record_id, text))[text] == "lần hai"

    async def test_silence_ends_by_itself(self, harness: Harness) -> None:
        record_id = await a_record(harness)
        hurried = harness.connect(patience=timedelta(milliseconds=300))
        harness.proxy.will(Stall())

        with pytest.raises(CrmUncertain):
            await hurried.get(record_id, ())

    async def test_edits_of_two_fields_that_overtake_each_other_both_stay(
        self, harness: Harness
    ) -> None:
        names = harness.names
        record_id = await a_record(harness)
        harness.proxy.will(Overtaken(), on="trước".encode())

        await asyncio.gather(
            harness.connector.update(record_id, Edit({names.text: "trước"})),
            harness.connector.update(record_id, Edit({names.email: "sau@shop.vn"})),
        )

        found = await read(harness, record_id, names.text, names.email)
        assert found == {names.text: "trước", names.email: "sau@shop.vn"}

    async def test_nothing_personal_is_in_an_error(self, harness: Harness) -> None:
        record_id, phone = await a_record(harness), harness.new_phone()

        with pytest.raises(InvalidValue) as refused:
            await harness.connector.update(record_id, Edit({harness.names.choice: phone}))

        assert phone not in str(refused.value)
        assert phone not in refused.value.detail


def _each_once_in_order(told: Sequence[RemoteRecord]) -> None:
    assert len({one.id for one in told}) == len(told)
    places = [(one.changed_at or NOON, int(one.id)) for one in told]
    assert places == sorted(places)


async def _all_changes(
    harness: Harness, place: Place, limit: int, *fields: str
) -> list[RemoteRecord]:
    """Every page; it must come to an end."""
    told: list[RemoteRecord] = []
    for _ in range(400):
        page = await harness.connector.changed_since(place, fields, limit=limit)
        assert len(page.records) <= limit
        told += page.records
        if not page.more:
            return told
        assert page.place != place, "the next page begins where this one did"
        place = page.place
    raise AssertionError("paging does not end")
