"""What the simulated CRM must not forget over a restart: customers are linked to its accounts."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from app.data_lock import write_private
from app.demo.getfly.book import Book
from app.demo.getfly.model import Kept


@dataclass(frozen=True, slots=True)
class _File:
    """`introduced`: the inbox has told what it is to tell at first."""

    introduced: bool
    book: Kept


_FILE = TypeAdapter(_File)


class CrmMemory:
    """A file; every change is written at once."""

    def __init__(self, path: Path, book: Book) -> None:
        self._path = path
        self._book = book
        self.introduced = False

    def load(self) -> bool:
        """Remember what was saved, and begin to save; False: there was nothing."""
        found = self._path.exists()
        if found:
            kept = _FILE.validate_json(self._path.read_bytes())
            self.introduced = kept.introduced
            self._book.load(kept.book)
        self._book.on_change = self.save
        return found

    def save(self) -> None:
        kept = _File(self.introduced, self._book.dump())
        write_private(self._path, _FILE.dump_json(kept).decode())
