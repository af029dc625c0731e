"""The customers of the demo: invented people with reserved phone numbers."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from inbox.conversations.model import Channel

ProfileHabit = Literal["open", "slow", "closed"]
"""How the platform answers for a person's profile: at once, at the second try, never."""

_DIGITS: dict[Channel, int] = {"facebook": 16, "instagram": 16, "zalo": 19}


@dataclass(frozen=True, slots=True)
class Person:
    """A customer at one channel; `number` tells people apart who share a name."""

    number: int
    name: str
    channel: Channel
    address: str
    profile: ProfileHabit = "open"

    @property
    def external_id(self) -> str:
        """What the channel calls this person: a PSID, an IGSID or a Zalo user id."""
        return digits(f"person:{self.number}", _DIGITS[self.channel])

    @property
    def commenter_id(self) -> str:
        """Whose comments these are; a page does not see that it is the same person's PSID."""
        if self.channel == "facebook":
            return digits(f"commenter:{self.number}", _DIGITS["facebook"])
        return self.external_id

    @property
    def phone(self) -> str:
        return f"0900000{100 + self.number:03d}"

    @property
    def given_name(self) -> str:
        return self.name.split()[-1]


def digits(key: str, length: int) -> str:
    """A number of `length` digits that always belongs to `key` and does not begin with 0."""
    value = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=16).digest(), "big")
    return str(value % (9 * 10 ** (length - 1)) + 10 ** (length - 1))


PEOPLE: tuple[Person, ...] = (
    Person(1, "Nguyễn Thị Lan Anh", "facebook", "15/2 Nguyễn Trãi, P.2, Q.5, TP.HCM"),
    Person(2, "Trần Quốc Bảo", "zalo", "48 Lê Lai, P. Bến Thành, Q.1, TP.HCM"),
    Person(3, "Lê Hoàng Yến", "facebook", "203 Cách Mạng Tháng 8, Q.3, TP.HCM"),
    Person(4, "Phạm Minh Tuấn", "zalo", "7 ngõ 12 Đội Cấn, Ba Đình, Hà Nội"),
    Person(5, "Vũ Ngọc Hà", "facebook", "91 Trần Phú, Hải Châu, Đà Nẵng", "slow"),
    Person(6, "Đặng Thu Thảo", "zalo", "12 Nguyễn Văn Cừ, Ninh Kiều, Cần Thơ"),
    Person(7, "Bùi Gia Huy", "instagram", "31 Hoàng Diệu, Q.4, TP.HCM"),
    Person(8, "Hoàng Thị Mỹ Duyên", "facebook", "66 Lý Thường Kiệt, TP. Huế"),
    Person(9, "Đỗ Thành Long", "zalo", "5 Phan Chu Trinh, Hoàn Kiếm, Hà Nội"),
    Person(10, "Ngô Bảo Ngọc", "facebook", "140 Quang Trung, Gò Vấp, TP.HCM"),
    Person(11, "Dương Khánh Linh", "zalo", "22 Trường Chinh, Pleiku, Gia Lai", "closed"),
    Person(12, "Lý Tuấn Kiệt", "facebook", "318 Lạc Long Quân, Q.11, TP.HCM"),
    Person(13, "Phan Thị Bích Trâm", "instagram", "9 Yersin, Đà Lạt, Lâm Đồng"),
    Person(14, "Trịnh Hoài Nam", "zalo", "77 Lê Hồng Phong, TP. Vinh, Nghệ An"),
    Person(15, "Cao Thị Kim Ngân", "facebook", "54 Hùng Vương, Nha Trang, Khánh Hòa"),
    Person(16, "Mai Phương Thúy", "zalo", "28 Bạch Đằng, Hồng Bàng, Hải Phòng"),
    Person(17, "Hồ Văn Khải", "facebook", "Ấp 3, xã Tân Thạnh, Long An"),
    Person(18, "Tạ Thanh Trúc", "zalo", "112 Phạm Ngũ Lão, Thủ Dầu Một, Bình Dương"),
    Person(19, "Võ Thị Cẩm Tú", "facebook", "35 Nguyễn Huệ, TP. Cao Lãnh, Đồng Tháp", "closed"),
    Person(20, "Huỳnh Nhật Minh", "zalo", "4 Trần Hưng Đạo, TP. Quy Nhơn"),
    Person(21, "Lâm Tú Quyên", "instagram", "250 Pasteur, Q.3, TP.HCM"),
    Person(22, "Đinh Công Danh", "facebook", "19 Nguyễn Tất Thành, Buôn Ma Thuột"),
    Person(23, "Nguyễn Hữu Phước", "zalo", "83 Võ Văn Kiệt, Biên Hòa, Đồng Nai"),
    Person(24, "Trần Thị Như Ý", "facebook", "6 đường 30/4, TP. Vũng Tàu"),
    Person(25, "Lê Đức Anh", "zalo", "45 Tôn Đức Thắng, Đống Đa, Hà Nội", "slow"),
    Person(26, "Phạm Thùy Dương", "facebook", "172 Nguyễn Thị Thập, Q.7, TP.HCM"),
    Person(27, "Vương Gia Hân", "zalo", "61 Ngô Quyền, Sơn Trà, Đà Nẵng"),
    Person(28, "Bùi Thị Hồng Nhung", "facebook", "Thôn Đông, xã Yên Mỹ, Hưng Yên"),
    Person(29, "Đoàn Việt Hùng", "instagram", "15 Phan Xích Long, Phú Nhuận, TP.HCM"),
    Person(30, "Nguyễn Ái Vy", "zalo", "390 Điện Biên Phủ, Bình Thạnh, TP.HCM"),
    Person(31, "Trương Mỹ Linh", "facebook", "27 Lê Duẩn, TP. Đông Hà, Quảng Trị"),
    Person(32, "Phùng Anh Tuấn", "zalo", "8 Trần Quang Diệu, TP. Thanh Hóa"),
    Person(33, "Lương Thị Ngọc Mai", "facebook", "101 Kha Vạn Cân, TP. Thủ Đức"),
    Person(34, "Châu Minh Khang", "zalo", "73 Nguyễn Đình Chiểu, TP. Bến Tre"),
    Person(35, "Quách Thảo My", "facebook", "14 Hai Bà Trưng, TP. Nam Định"),
    Person(36, "Hà Kiều Oanh", "zalo", "59 Hoàng Văn Thụ, TP. Thái Nguyên"),
    Person(37, "Tô Hải Đăng", "facebook", "220 Lê Văn Sỹ, Q. Tân Bình, TP.HCM"),
    Person(38, "Thái Thị Diễm My", "zalo", "3 Nguyễn Sinh Sắc, TP. Rạch Giá"),
    Person(39, "Kiều Thanh Tâm", "instagram", "88 Bà Triệu, Hai Bà Trưng, Hà Nội"),
    Person(40, "Lưu Quang Vinh", "facebook", "41 Mai Hắc Đế, TP. Hà Tĩnh"),
)


def people_of(channel: Channel) -> tuple[Person, ...]:
    return tuple(person for person in PEOPLE if person.channel == channel)
