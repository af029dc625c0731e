"""The form in which two values of a field are compared.

What a CRM makes of a value by itself (a number in groups, a paragraph around a note, a decomposed
accent) has the normal form of what was written.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from crm_sync.connectors.model import Value
from crm_sync.mapping.model import EMAILS, PHONES, TAGS
from crm_sync.mapping.pairing import Pair, Way
from crm_sync.mapping.reasons import Unfit
from crm_sync.mapping.text import comparable, text_of
from crm_sync.mapping.values import BETWEEN, OF_KIND, parts_of, tags_by_key, texts_of
from inbox.customers.phones import phones_in


def normal(pair: Pair, value: Value) -> str:
    """The normal form of a value as the CRM has it, ours or theirs; "" is empty."""
    texts = texts_of(value)
    return _NORMAL[pair.way](pair, texts) if texts else ""


def value_hash(pair: Pair, value: Value) -> str:
    """What is remembered of a value instead of itself: 32 hex digits; "" if it is empty."""
    form = normal(pair, value)
    if not form:
        return ""
    return blake2b(f"{pair.theirs}\n{form}".encode(), digest_size=16).hexdigest()


def _phones(_: Pair, texts: Sequence[str]) -> str:
    """Numbers in E.164; what is none is compared as it is written."""
    found = [phones_in(text) or [comparable(text)] for text in texts]
    return BETWEEN.join(dict.fromkeys(one for numbers in found for one in numbers))


def _parts(pair: Pair, texts: Sequence[str]) -> str:
    parts = parts_of(pair, texts)
    if pair.map.ours == PHONES:
        return _phones(pair, parts)
    if pair.map.ours == TAGS or pair.way == "tags":
        return BETWEEN.join(sorted(tags_by_key(parts)))
    known = [comparable(part) for part in parts]
    return BETWEEN.join(part.lower() if pair.map.ours == EMAILS else part for part in known)


def _plain(pair: Pair, texts: Sequence[str]) -> str:
    text = comparable(BETWEEN.join(texts))
    spelled = OF_KIND.get(pair.remote.kind)
    if spelled is None:
        return text
    try:
        return spelled(pair, text)
    except Unfit:  # a choice that has been removed since, say
        return text


_NORMAL: Mapping[Way, Callable[[Pair, Sequence[str]], str]] = {
    "plain": _plain,
    "e164": _phones,
    "lower": lambda pair, texts: _parts(pair, texts).lower(),
    "join": _parts,
    "html": lambda _, texts: comparable(text_of(BETWEEN.join(texts))),
    "user": lambda _, texts: comparable(texts[0]).lower(),
    "tags": _parts,
}
