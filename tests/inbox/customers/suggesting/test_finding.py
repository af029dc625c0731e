"""Phones, e-mail and postal addresses as Vietnamese customers write them in a chat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.customers.suggesting.finding import Found, found_in

MINE = "+84912345678"


def phones(text: str) -> list[str]:
    return [one.value for one in found_in(text) if one.kind == "phone"]


@pytest.mark.parametrize(
    "text",
    [
        "0912345678",
        "sđt em 0912345678 nha",
        "Gọi mình 0912.345.678 nhé!",
        "0912 345 678",
        "091 234 5678 ạ",
        "09-1234-5678",
        "(091) 234 5678",
        "+84912345678",
        "+84 912 345 678",
        "84912345678 zalo",
        "0084912345678",
        "không chín một hai ba bốn năm sáu bảy tám",
        "Không chín một, hai ba bốn, năm sáu bảy tám",
        "0 chín 1 hai 3 bốn 5 sáu 7 tám",
        "không chín mốt".replace("mốt", "một") + " 2345678",
        "số của em là:0912345678.",
        "0912345678, 0912.345.678 (cùng một số)",
        "SĐT:0912345678-Lan",
    ],
)
def test_every_spelling_of_a_phone_is_found_once(text: str) -> None:
    """X.SYN.06."""
    assert phones(text) == [MINE]


def test_old_prefixes_of_eleven_digits_are_today_s_numbers() -> None:
    assert phones("số cũ 0168 234 5678") == ["+84382345678"]
    assert phones("01682345678") == ["+84382345678"]


def test_two_numbers_in_one_message_are_two() -> None:
    assert phones("0912345678 0987654321") == [MINE, "+84987654321"]
    assert phones("0912345678/0987654321") == [MINE, "+84987654321"]
    assert phones("mẹ 0912 345 678, bố 0987 654 321") == [MINE, "+84987654321"]


def test_a_landline_is_a_phone() -> None:
    assert phones("cửa hàng 028 3822 5678") == ["+842838225678"]


@pytest.mark.parametrize(
    "text",
    [
        "giá 1.500.000.000đ",
        "đơn hàng 250911234567",
        "mã vận đơn SPXVN0912345678",
        "stk 0912345678 vietcombank",
        "Số tài khoản: 0912345678",
        "CK vào tài khoản MB 0912345678",
        "ngày 20/11/2026 lúc 08:30",
        "https://shop.vn/p/0912345678901234",
        "ba năm không tám hai",
        "em không cần, ba mẹ em sáu bảy mươi tuổi",
        "0912345",
        "0" * 40,
        "user0912345678@gmail.com",
        "",
    ],
)
def test_prices_codes_accounts_and_words_are_no_phones(text: str) -> None:
    assert phones(text) == []


def test_an_email_is_found_in_the_middle_of_a_sentence() -> None:
    """X.SYN.06."""
    found = found_in("mail em là Lan.Nguyen@Gmail.com, gửi báo giá nhé")
    assert found == [Found("email", "Lan.Nguyen@gmail.com")]
    assert found_in("a@b") == []
    assert found_in("@lan .. x@@y.vn") == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Địa chỉ: 12 Nguyễn Trãi, P.5, Q.10, TP HCM", "12 Nguyễn Trãi, P.5, Q.10, TP HCM"),
        ("Ship đến số nhà 5 ngõ 20 phố Huế", "số nhà 5 ngõ 20 phố Huế"),
        ("thôn Đoài, xã Nam Hồng, huyện Đông Anh", "thôn Đoài, xã Nam Hồng, huyện Đông Anh"),
        ("ok shop\nđc: 45 Lê Lợi phường Bến Nghé\n0912345678", "45 Lê Lợi phường Bến Nghé"),
    ],
)
def test_a_line_that_names_parts_of_an_address_is_one(text: str, address: str) -> None:
    assert Found("address", address) in found_in(text)


@pytest.mark.parametrize(
    "text",
    ["shop ở quận mấy vậy?", "đường này ngọt không", "có ship huyện Đông Anh xã Nam Hồng không?"],
)
def test_a_question_about_places_is_no_address(text: str) -> None:
    assert [one for one in found_in(text) if one.kind == "address"] == []


@given(st.text(alphabet="0123456789 .+-()/không chín@a\n", max_size=400))
def test_nothing_that_anybody_writes_breaks_it(text: str) -> None:
    for one in found_in(text):
        assert one.value
        if one.kind == "phone":
            assert one.value.startswith("+")
