"""Which record is whose: by the stored link, our external id, a phone, an e-mail address.

Two that fit equally well are nobody's: people decide, nothing is guessed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crm_sync.connectors.model import Asked, RemoteRecord
from crm_sync.mapping.model import EMAILS, PHONES
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.values import parts_of, texts_of
from inbox.customers.phones import phones_in

By = Literal["link", "external_id", "phone", "email"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A customer of ours. `external_ids` are theirs, and of those who were merged into them."""

    external_ids: tuple[str, ...]
    record_id: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What to ask the CRM for; every answer together goes to `match`."""
        first, *others = self.external_ids
        contact = Asked(first, self.phones, self.emails)
        return (contact, *(Asked(external_id) for external_id in others))


@dataclass(frozen=True, slots=True)
class One:
    """The record of the customer. `also` fit by a weaker sign: a duplicate in the CRM, perhaps."""

    record: RemoteRecord
    by: By
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nobody:
    """There is none: it may be made."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several records fit by the same sign; a person chooses."""

    record_ids: tuple[str, ...]
    by: By


@dataclass(frozen=True, slots=True)
class Claimed:
    """The record that fits belongs to another customer of ours: the two should be merged."""

    record_id: str
    by: By
    external_id: str


Match = One | Nobody | Ambiguous | Claimed


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose records are by our own books: external ids of customers by id of the record."""

    owners: Mapping[str, str] = field(default_factory=dict)

    def other(self, record: RemoteRecord, wanted: Wanted) -> str | None:
        """Another customer of ours who has the record; None if it is free, or theirs."""
        for owner in (self.owners.get(record.id), record.external_id):
            if owner is not None and owner not in wanted.external_ids:
                return owner
        return None


def match(
    wanted: Wanted, records: Sequence[RemoteRecord], pairs: Collection[Pair], claims: Claims
) -> Match:
    """The record of a customer among those that were found.

    The first sign by which any record fits decides. An archived record counts only where no
    other one fits by the same sign: people have put it away.

    Args:
        wanted: the customer.
        records: what the CRM has found for them, in any order, repeated or not.
        pairs: the mapped fields, which say where phones and e-mail addresses stand.
        claims: what other customers are linked to.
    """
    every = list({record.id: record for record in records}.values())
    signs = [(by, _fitting(by, wanted, every, pairs)) for by in _ORDER]
    for by, found in signs:
        fitting = [one for one in found if not one.archived] or found
        if len(fitting) > 1:
            return Ambiguous(tuple(sorted(one.id for one in fitting)), by)
        if fitting:
            return _settled(fitting[0], by, wanted, claims, signs)
    return Nobody()


def claimed_twice(links: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Records that several customers are linked to, with those customers.

    `links` are pairs of a customer and a record.
    """
    found: dict[str, set[str]] = {}
    for customer_id, record_id in links:
        found.setdefault(record_id, set()).add(customer_id)
    return {record: tuple(sorted(ids)) for record, ids in found.items() if len(ids) > 1}


_ORDER: tuple[By, ...] = ("link", "external_id", "phone", "email")


def _settled(
    record: RemoteRecord,
    by: By,
    wanted: Wanted,
    claims: Claims,
    signs: Sequence[tuple[By, list[RemoteRecord]]],
) -> Match:
    other = claims.other(record, wanted)
    if other is not None:
        return Claimed(record.id, by, other)
    also = {one.id for _, found in signs for one in found} - {record.id}
    return One(record, by, tuple(sorted(also)))


def _fitting(
    by: By, wanted: Wanted, records: Sequence[RemoteRecord], pairs: Collection[Pair]
) -> list[RemoteRecord]:
    if by == "link":
        return [one for one in records if one.id == wanted.record_id]
    if by == "external_id":
        return [one for one in records if one.external_id in wanted.external_ids]
    if by == "phone":
        return [one for one in records if _phones(one, pairs) & set(wanted.phones)]
    known = {email.strip().lower() for email in wanted.emails}
    return [one for one in records if _emails(one, pairs) & known]


def _phones(record: RemoteRecord, pairs: Collection[Pair]) -> set[str]:
    texts = [text for pair in pairs if pair.map.ours == PHONES for text in _texts(record, pair)]
    return {number for text in texts for number in phones_in(text)}


def _emails(record: RemoteRecord, pairs: Collection[Pair]) -> set[str]:
    known = [pair for pair in pairs if pair.map.ours == EMAILS]
    return {part.lower() for pair in known for part in parts_of(pair, _texts(record, pair))}


def _texts(record: RemoteRecord, pair: Pair) -> list[str]:
    return texts_of(record.values.get(pair.theirs))
