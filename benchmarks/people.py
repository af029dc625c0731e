"""Invented customers and what they write, for benchmarks/seed.py; the same seed, the same people.

No word of it is about anybody: names are put together from common ones, numbers are random.
"""

from functools import lru_cache
from itertools import pairwise
from random import Random

from inbox.search.tokens import customer_tokens, message_tokens

FAMILY = (
    ("Nguyễn", 38), ("Trần", 12), ("Lê", 10), ("Phạm", 7), ("Hoàng", 5), ("Huỳnh", 5), ("Phan", 5),
    ("Vũ", 4), ("Võ", 4), ("Đặng", 3), ("Bùi", 3), ("Đỗ", 2), ("Hồ", 2), ("Ngô", 2), ("Dương", 1),
    ("Lý", 1),
)  # fmt: skip
MIDDLE = ("Thị", "Văn", "Thị Mỹ", "Hữu", "Ngọc", "Minh", "Thanh", "Thị Thu", "Đức", "Quốc", "Kim",
          "Bảo", "Gia", "Hoàng", "Thị Bích", "Xuân")  # fmt: skip
GIVEN = (
    "Anh", "Hương", "Hường", "Lan", "Mai", "Linh", "Trang", "Thảo", "Hà", "Ngân", "Phương", "Vy",
    "Đức", "Dũng", "Hùng", "Tuấn", "Nam", "Long", "Khoa", "Khánh", "Đạt", "Tâm", "Tú", "Yến",
    "Oanh", "Quỳnh", "Nhung", "Hằng", "Hạnh", "Loan", "Nga", "Thúy", "Trâm", "Châu", "Diễm", "Kiều",
    "Sơn",
    "Phúc", "Lộc", "Thọ",
)  # fmt: skip
PRODUCTS = (
    "áo khoác", "áo thun", "quần jean", "váy hoa", "chân váy", "áo len", "giày thể thao",
    "túi xách", "mũ lưỡi trai", "đồ ngủ", "khăn choàng", "áo dài", "sơ mi", "áo hoodie",
)  # fmt: skip
COLOURS = ("đỏ", "đen", "trắng", "xanh rêu", "be", "hồng", "nâu", "xám", "tím than", "vàng")
PLACES = ("Thủ Đức", "Gò Vấp", "Hà Đông", "Cầu Giấy", "Đà Nẵng", "Biên Hòa", "Cần Thơ", "Hải Phòng",
          "Bình Dương", "Nha Trang", "Vũng Tàu", "Huế")  # fmt: skip
ASKED = (
    "Shop ơi {product} màu {colour} còn hàng không ạ",
    "cho em hỏi giá {product} size {size} với",
    "Dạ em lấy {count} cái {product} {colour} size {size} giao về {place} nhé",
    "Bao giờ thì có hàng lại vậy shop, em chờ {product} {colour} lâu rồi",
    "sđt em {phone} ạ",
    "{product} này giặt máy được không shop",
    "Ship về {place} mất mấy ngày ạ, phí ship bao nhiêu",
    "ok shop",
    "Dạ vâng em cảm ơn shop nhiều ạ",
    "Mã đơn của em là DH{number} ạ, shop kiểm tra giúp em",
    "Em muốn đổi {product} sang size {size} được không",
    "đắt thế, bớt cho mình {count} chục nghìn được không",
)
ANSWERED = (
    "Dạ {product} màu {colour} bên em còn size {size} ạ",
    "Dạ chị cho em xin số điện thoại và địa chỉ ở {place} để em lên đơn ạ",
    "Dạ đơn DH{number} đã gửi, khoảng {count} ngày nữa chị nhận được nhé",
    "Dạ giá {product} đang giảm còn {price}k ạ",
    "Em cảm ơn chị đã ủng hộ shop ạ",
    "Dạ chị đợi em kiểm tra kho một chút nhé",
)
RARE = ("kimono", "sườn xám", "tất len", "áo tơi", "guốc mộc", "nón quai thao")
"""Products of which hardly anybody has heard: one message in some thousands."""
_RARELY = 20_000
_PREFIXES = ("032", "035", "038", "070", "077", "083", "086", "090", "091", "093", "097", "098")

_families = tuple(name for name, weight in FAMILY for _ in range(weight))


def often(random: Random, share: float) -> bool:
    """True in so many of all cases."""
    return random.random() < share


def name_of(random: Random) -> str:
    return f"{random.choice(_families)} {random.choice(MIDDLE)} {random.choice(GIVEN)}"


def phone_of(random: Random) -> str:
    """As it is dialled at home: "0912345678"."""
    return f"{random.choice(_PREFIXES)}{random.randrange(10_000_000):07d}"


def text_of(random: Random, *, inbound: bool, phone: str) -> str:
    template = random.choice(ASKED if inbound else ANSWERED)
    rare = random.randrange(_RARELY) == 0
    return template.format(
        product=random.choice(RARE if rare else PRODUCTS),
        colour=random.choice(COLOURS),
        size=random.choice("SMLX"),
        count=random.randint(1, 9),
        place=random.choice(PLACES),
        phone=_spelled(random, phone),
        number=random.randrange(10_000_000),
        price=random.randrange(99, 990, 10),
    )


def _spelled(random: Random, phone: str) -> str:
    if often(random, 0.5):
        return phone
    between = random.choice(" .-")
    return between.join(phone[a:b] for a, b in pairwise((0, 4, 7, 10)))


@lru_cache(maxsize=200_000)
def words_of(text: str) -> list[str]:
    """The tokens of a message; the same words are written again and again."""
    return message_tokens({"text": text, "at": True})


def customer_words(customer: dict[str, object]) -> list[str]:
    return customer_tokens(customer)
