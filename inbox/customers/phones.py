"""Phone numbers as people write them, made E.164 once; the default region is Vietnam."""

import re
import unicodedata
from typing import Any

import phonenumbers

REGION = "VN"
MOST_DIGITS = 15
"""E.164: https://www.itu.int/rec/T-REC-E.164"""

_BRACKETS = re.compile(r"\([^()]*[^\W\d_][^()]*\)|\[[^\[\]]*\]")
_FLOAT = re.compile(r"^\d+\.0+$")
_SCIENTIFIC = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d{1,2}$")
_SEVERAL = re.compile(
    r"[/;,|\n\r\t]|\s(?:-|và|hoặc|or|and)\s|(?<!^84)(?<!84\))(?<!^\+84)(?<!^0084)\s(?=\+|0\d{9})",
    re.IGNORECASE,
)
_ALLOWED = re.compile(r"^[\d+().\-\s'’]+$")

# Mobile numbers of eleven digits became ten in September 2018 (decision 798/QĐ-BTTTT of the
# Ministry of Information and Communications): the prefix changed, the last seven digits did not.
_OLD_PREFIXES = {
    "162": "32",
    "163": "33",
    "164": "34",
    "165": "35",
    "166": "36",
    "167": "37",
    "168": "38",
    "169": "39",
    "120": "70",
    "121": "79",
    "122": "77",
    "126": "76",
    "128": "78",
    "123": "83",
    "124": "84",
    "125": "85",
    "127": "81",
    "129": "82",
    "186": "56",
    "188": "58",
    "199": "59",
}
_OLD_MOBILE = re.compile(r"^(?:\+?84|0084|0)?(1[2689]\d)(\d{7})$")


def phone_or_none(raw: Any) -> str | None:
    """The one number that `raw` holds, as E.164 ("+84912345678"); None when it holds no number.

    Several numbers in one text are none here: ask `phones_in`.
    """
    found = phones_in(raw)
    return found[0] if len(found) == 1 else None


def phones_in(raw: Any) -> list[str]:
    """Every number of `raw` as E.164, in order and once each; empty when any part is junk.

    `raw` is text, or a whole number as spreadsheets give it (912345678.0, without its zero).
    Words in brackets are dropped ("(Zalo)", "[mẹ]"); `/ ; , |`, a line or "và" part numbers.
    """
    text = _cleaned(raw)
    if text is None:
        return []
    parts = [part.strip(" .-") for part in _SEVERAL.split(text)]
    numbers = [_e164(part) for part in parts if part]
    known = [number for number in numbers if number is not None]
    return list(dict.fromkeys(known)) if len(known) == len(numbers) else []


def _cleaned(raw: Any) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    text = unicodedata.normalize("NFKC", str(raw)).strip().strip("'’")
    text = _BRACKETS.sub(" ", text).strip()
    if _FLOAT.match(text):
        return text.partition(".")[0]
    if _SCIENTIFIC.match(text):
        return f"{float(text):.0f}"
    return text


def _e164(text: str) -> str | None:
    if not _ALLOWED.match(text) or len(text) > 4 * MOST_DIGITS:
        return None
    bare = re.sub(r"[^\d+]", "", text)
    if old := _OLD_MOBILE.match(bare):
        prefix = _OLD_PREFIXES.get(old[1])
        if prefix is None:
            return None
        bare = f"0{prefix}{old[2]}"
    try:
        number = phonenumbers.parse(bare, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
