"""A circuit breaker per account: who fails again and again is left alone for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.clock import Clock


@dataclass(slots=True)
class _Circuit:
    """`failures` in a row; `next_try_at` is set once there were too many."""

    failures: int = 0
    next_try_at: datetime | None = None


class Breakers:
    """Breakers by key, in this process's memory; a key that works takes no room.

    Open after `after` passing failures in a row: nobody may call for `open_for`. Then half-open:
    one caller may probe at a time; its success closes the breaker, its failure opens it again.
    A probe that never reports (its process was told to stop) is over after `open_for`.
    """

    def __init__(
        self, clock: Clock, *, after: int = 5, open_for: timedelta = timedelta(seconds=15)
    ) -> None:
        self._clock = clock
        self._after = after
        self._open_for = open_for
        self._circuits: dict[str, _Circuit] = {}

    def wait_s(self, key: str) -> float:
        """Seconds until a call may be tried; 0 = go, and then tell how it went."""
        circuit = self._circuits.get(key)
        if circuit is None or circuit.next_try_at is None:
            return 0
        now = self._clock.now()
        if now < circuit.next_try_at:
            return (circuit.next_try_at - now).total_seconds()
        circuit.next_try_at = now + self._open_for  # the others wait for this probe
        return 0

    def is_open(self, key: str) -> bool:
        """Whether calls that are not worth a probe should be left out."""
        circuit = self._circuits.get(key)
        return circuit is not None and circuit.next_try_at is not None

    def succeeded(self, key: str) -> None:
        """The platform answered; an error that is our own fault counts as an answer too."""
        self._circuits.pop(key, None)

    def failed(self, key: str) -> None:
        """The platform did not answer, or said that it cannot at the moment."""
        circuit = self._circuits.setdefault(key, _Circuit())
        circuit.failures += 1
        if circuit.failures >= self._after:
            circuit.next_try_at = self._clock.now() + self._open_for
