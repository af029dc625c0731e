"""Text as people write it: accents folded for search, broken surrogates replaced."""

import re
import unicodedata

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_D = str.maketrans({"đ": "d", "Đ": "d", "Ð": "d", "ð": "d"})


def fold(text: str) -> str:
    """Lower case without accents and outer blanks, so that "Đặng Thị Hường" meets "dang thi huong".

    NFC and NFD spellings fold to the same text; đ is a letter of its own in Unicode and is
    mapped by hand. Use the same function when storing and when searching.
    """
    decomposed = unicodedata.normalize("NFD", text.translate(_D).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip()


def printable(text: str) -> str:
    """`text` with lone surrogates replaced by U+FFFD, so that it can be stored as UTF-8."""
    return _LONE_SURROGATE.sub("�", text)
