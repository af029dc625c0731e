"""The attributes that every installation has; their words, order and options may be changed."""

from inbox.customers.attributes.model import Attribute, Label, Option

_GENDERS = (
    Option("male", Label("Nam", "Male")),
    Option("female", Label("Nữ", "Female")),
    Option("other", Label("Khác", "Other")),
)

_PROVINCES = (
    "An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng", "Đắk Lắk", "Điện Biên",
    "Đồng Nai", "Đồng Tháp", "Gia Lai", "Hà Nội", "Hà Tĩnh", "Hải Phòng", "Hồ Chí Minh", "Huế",
    "Hưng Yên", "Khánh Hòa", "Lai Châu", "Lạng Sơn", "Lào Cai", "Lâm Đồng", "Nghệ An",
    "Ninh Bình", "Phú Thọ", "Quảng Ngãi", "Quảng Ninh", "Quảng Trị", "Sơn La", "Tây Ninh",
    "Thái Nguyên", "Thanh Hóa", "Tuyên Quang", "Vĩnh Long",
)  # fmt: skip
"""The 34 provinces and cities since 1 July 2025."""

ADDRESS = "address"
"""The key of the postal address, which customers tell in their messages."""

BUILTIN: tuple[Attribute, ...] = (
    Attribute(
        id=ADDRESS,
        key=ADDRESS,
        label=Label("Địa chỉ", "Address"),
        type="text",
        position=1,
        max=500,
        builtin=True,
    ),
    Attribute(
        id="province",
        key="province",
        label=Label("Tỉnh/Thành phố", "Province or city"),
        type="choice",
        position=2,
        options=tuple(Option(name, Label(name, name)) for name in _PROVINCES),
        builtin=True,
    ),
    Attribute(
        id="birthday",
        key="birthday",
        label=Label("Ngày sinh", "Birthday"),
        type="date",
        position=3,
        builtin=True,
    ),
    Attribute(
        id="gender",
        key="gender",
        label=Label("Giới tính", "Gender"),
        type="choice",
        position=4,
        options=_GENDERS,
        builtin=True,
    ),
)
