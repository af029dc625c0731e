"""One service per data directory: a lock that dies with its process, and private files."""

import fcntl
import os
from pathlib import Path

from inbox.errors import Conflict


class DataInUse(Conflict):
    """Another service runs on the same data directory."""

    code = "data_in_use"
    vi = "Thư mục dữ liệu {directory} đang được một tiến trình khác sử dụng (pid {pid})."
    en = "The data directory {directory} is in use by another service (pid {pid})."


class DataLock:
    """An flock on `service.lock` in the directory; the kernel lets go when the holder dies."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: int | None = None

    @property
    def held(self) -> bool:
        return self._held is not None

    def take(self) -> None:
        """Make the directory when missing and hold it. Safe to repeat.

        Raises:
            DataInUse: another process (or another lock of this one) holds it.
        """
        while self._held is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = self._try()

    def _try(self) -> int | None:
        """The locked file; None when the directory was deleted before it was locked."""
        path = self._directory / "service.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode("ascii", "replace") or "?"
            os.close(lock)
            raise DataInUse(directory=self._directory, pid=holder) from None
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(lock)):
            os.close(lock)
            return None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock

    def release(self) -> None:
        """Let go. Safe to repeat."""
        if self._held is not None:
            os.close(self._held)  # gives the flock back
        self._held = None


def write_private(path: Path, text: str) -> None:
    """Write for our eyes only; a crash leaves the old content or the new, never half."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - Path.open cannot set the mode
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
