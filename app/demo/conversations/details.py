"""What differs between two conversations of the same script: the product, the size, the person."""

from dataclasses import dataclass
from random import Random

from app.demo.people import Person

_PRODUCTS = (
    ("áo khoác dù 2 lớp", "ao-khoac-du.png", 350),
    ("áo khoác jean form rộng", "ao-khoac-jean.png", 420),
    ("áo hoodie nỉ bông", "ao-hoodie-ni.png", 290),
    ("áo blazer linen", "ao-blazer-linen.png", 480),
    ("áo khoác chống nắng", "ao-chong-nang.png", 199),
    ("áo phao béo", "ao-phao-beo.png", 560),
    ("áo cardigan len", "ao-cardigan-len.png", 320),
    ("áo gió thể thao", "ao-gio-the-thao.png", 275),
)
_COLOURS = ("đen", "be", "xanh rêu", "trắng kem", "nâu tây", "xám tiêu")
_SIZES = ("S", "M", "L", "XL")


@dataclass(frozen=True, slots=True)
class Details:
    """The words that fill the gaps of a script, and the picture of the product."""

    words: dict[str, str]
    picture: str

    def fill(self, text: str) -> str:
        return text.format_map(self.words)


def details_for(person: Person, random: Random) -> Details:
    """Details of one conversation with `person`; the same `random` gives the same."""
    product, picture, price = random.choice(_PRODUCTS)
    size, other_size = random.sample(_SIZES, 2)
    colour, other_colour = random.sample(_COLOURS, 2)
    return Details(
        words={
            "product": product,
            "price": f"{price}k",
            "sum": f"{price + 30}k",
            "two": f"{price * 2}k",
            "wholesale": f"{price * 7 // 10}k",
            "size": size,
            "other_size": other_size,
            "colour": colour,
            "other_colour": other_colour,
            "weight": str(random.randint(44, 72)),
            "height": f"1m{random.randint(50, 78)}",
            "phone": person.phone,
            "address": person.address,
            "name": person.given_name,
            "full_name": person.name,
            "code": f"AN{random.randint(1000, 9999)}",
        },
        picture=picture,
    )
