"""What a customer writes back when somebody of the shop has written to them."""

from collections.abc import Collection
from random import Random

from inbox.text import fold

_ABOUT: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("dia chi", "sdt", "so dien thoai", "thong tin nhan hang"),
        (
            "Dạ mình gửi ở trên rồi á, shop xem giúp mình nha",
            "giao về chỗ cũ giúp mình nhé, lần trước shop có lưu rồi ạ",
            "Mình ở Q.3, tối nay mình nhắn địa chỉ chi tiết nha shop",
        ),
    ),
    (
        ("size", "can nang", "chieu cao", "so do"),
        (
            "Dạ mình 1m60 nặng 52kg, shop tư vấn size giúp mình với",
            "mình hay mặc M, mà thích rộng rộng xíu á",
            "vậy lấy size L cho chắc nha shop",
        ),
    ),
    (
        ("gia", "k a", "000", "khuyen mai", "giam"),
        (
            "ok shop, có freeship ko ạ",
            "Dạ giá vậy ok, lấy 2 cái có bớt xíu nào ko shop 😅",
            "để mình hỏi chồng rồi báo lại shop nha",
        ),
    ),
    (
        ("mau", "hinh", "anh", "mau ma"),
        (
            "màu be đẹp quá, còn hàng ko shop",
            "shop chụp ảnh thật giúp mình với ạ",
            "Dạ mình chọn màu đen nha",
        ),
    ),
    (
        ("ship", "giao", "don hang", "van chuyen"),
        (
            "mấy ngày thì tới vậy shop",
            "ship trong tuần này được ko ạ, cuối tuần mình đi xa rồi",
            "Dạ ok shop, giao giờ hành chính giúp mình nha",
        ),
    ),
    (
        ("xin loi", "doi", "hoan", "bao hanh"),
        (
            "Dạ ko sao ạ, shop hỗ trợ mình sớm nha",
            "vậy mình gửi lại hàng qua đâu ạ",
        ),
    ),
    (
        ("cam on", "hen gap"),
        ("Dạ cảm ơn shop nhiều ạ ❤️", "ok shop, cảm ơn bạn nha", "vâng ạ"),
    ),
)
_ANYTHING = (
    "Dạ vâng ạ",
    "ok shop",
    "Dạ để mình xem rồi nhắn lại nha",
    "shop tư vấn thêm giúp mình với",
    "Dạ mình hiểu rồi ạ, cảm ơn shop",
    "còn mẫu nào tương tự ko shop",
    "hihi ok ạ 🥰",
    "Mình chốt luôn nha shop",
)
_FOR_PICTURES = ("đẹp quá shop ơi 😍", "Dạ mẫu này còn ko ạ", "nhìn ngoài có giống hình ko shop")


def answer_to(text: str | None, before: Collection[str | None], random: Random) -> str | None:
    """A natural answer to `text` (None: only files came) that is not in `before`.

    None when the customer has said all they know: they fall silent.
    """
    fitting = [one for one in _choices(text) if one not in before]
    fitting = fitting or [one for one in _ANYTHING if one not in before]
    return random.choice(fitting) if fitting else None


def _choices(text: str | None) -> tuple[str, ...]:
    if text is None:
        return _FOR_PICTURES
    folded = fold(text)
    for words, answers in _ABOUT:
        if any(word in folded for word in words):
            return answers
    return _ANYTHING
