"""What goes wrong at the simulated platforms: by chance with a seed, or in a given order."""

from collections import Counter, defaultdict, deque
from enum import StrEnum
from random import Random
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat


class Fault(StrEnum):
    """The first three happen before the call is accepted, those called "after" when it is."""

    RATE_LIMITED = "rate_limited"
    """Meta: 429 with Retry-After; Zalo: error -32."""
    SERVER_ERROR = "server_error"
    """500 or 502."""
    RESET_BEFORE = "reset_before"
    """The connection is reset and nothing was done."""
    RESET_AFTER = "reset_after"
    """The call is done, its echo is sent, and the connection is reset."""
    SILENT_AFTER = "silent_after"
    """The call is done, its echo is sent, and no answer ever comes; at last the line is cut."""
    STALL = "stall"
    """Nothing for a long while; then the call is done and answered."""
    TOKEN_DEATH = "token_death"  # noqa: S105 - the name of a fault
    """The token of the call dies right before it."""


class Refusal(BaseModel):
    """An error that the platform documents, answered instead of doing what was asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: int
    subcode: int | None = None
    message: str | None = None


Trouble = Fault | Refusal
Chance = Annotated[float, Field(ge=0, le=1)]


class FaultPlan(BaseModel):
    """Which faults happen by chance, how often (0 to 1), and to which operations.

    The same `seed` does the same to the n-th call for a customer, whatever happens between.
    Operations: send, upload, profile, history, subscribe, comment, token, other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 1
    rates: dict[Fault, Chance] = {}
    operations: frozenset[str] = frozenset({"send"})
    retry_after_s: NonNegativeFloat = 30
    stall_s: NonNegativeFloat = 20
    silence_s: NonNegativeFloat = 25


class Faults:
    """Decides what goes wrong with a call: what was scripted for its operation comes first."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self.plan = plan or FaultPlan()
        self.happened: Counter[str] = Counter()
        self._scripts: dict[str, deque[Trouble | None]] = defaultdict(deque)
        self._calls: Counter[tuple[str, str]] = Counter()

    def follow(self, plan: FaultPlan) -> None:
        """Go on with another plan; an empty one ends what happens by chance."""
        self.plan = plan
        self._calls.clear()

    def script(self, operation: str, *troubles: Trouble | None) -> None:
        """What happens to the next calls of an operation, one by one; None lets one pass."""
        self._scripts[operation].extend(troubles)

    def next(self, operation: str, subject: str) -> Trouble | None:
        """What goes wrong with this call; `subject` is whom it is about."""
        trouble = self._next(operation, subject)
        if trouble is not None:
            name = trouble.value if isinstance(trouble, Fault) else f"refused {trouble.code}"
            self.happened[name] += 1
        return trouble

    def coin(self, *key: object) -> Random:
        """A source of chance that only the seed and `key` decide."""
        name = ":".join(map(str, (self.plan.seed, *key)))
        return Random(name)  # noqa: S311 - chance, not secrecy

    def json(self) -> dict[str, Any]:
        """The plan and what has happened so far, for the admin page."""
        return {"plan": self.plan.model_dump(mode="json"), "happened": dict(self.happened)}

    def _next(self, operation: str, subject: str) -> Trouble | None:
        if script := self._scripts[operation]:
            return script.popleft()
        if operation not in self.plan.operations:
            return None
        self._calls[operation, subject] += 1
        chance = self.coin(operation, subject, self._calls[operation, subject]).random()
        for fault in Fault:
            rate = self.plan.rates.get(fault, 0.0)
            if chance < rate:
                return fault
            chance -= rate
        return None
