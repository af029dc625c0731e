"""By what a connection is mirrored right now."""

from dataclasses import dataclass
from hashlib import blake2b

from crm_sync.mapping.model import WALL
from crm_sync.mapping.pairing import Names, Pair

_READ_BACK_ONE_IN = 20


@dataclass(frozen=True, slots=True)
class Terms:
    """`pairs` are the fields that can be used now. `is_fresh`: the mapping was just changed or
    checked, so every write is read back.
    """

    pairs: tuple[Pair, ...]
    names: Names
    is_fresh: bool = False

    @property
    def fields(self) -> list[str]:
        """The names of the CRM's fields that can be read."""
        return [pair.theirs for pair in self.pairs if pair.theirs != WALL]

    def reads_back(self, customer_id: str, rev: int) -> bool:
        """Whether this write is among those that are looked at afterwards."""
        if self.is_fresh:
            return True
        drawn = blake2b(f"{customer_id}\n{rev}".encode(), digest_size=2).digest()
        return int.from_bytes(drawn) % _READ_BACK_ONE_IN == 0
