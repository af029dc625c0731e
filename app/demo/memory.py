"""What the simulated platforms must not forget over a restart: token pairs, who wrote when."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from app.data_lock import write_private
from app.demo.openapi.tokens import Tokens
from app.demo.world import World

_SAVE_EVERY = timedelta(seconds=5)


class Memory:
    """A file; tokens are written at once, windows now and then and at the end."""

    def __init__(self, path: Path, world: World, tokens: Tokens) -> None:
        self._path = path
        self._world = world
        self._tokens = tokens
        self._saved_at = world.clock.now()

    def load(self) -> None:
        """Remember what was saved, if anything was, and begin to save."""
        if self._path.exists():
            kept = json.loads(self._path.read_bytes())
            self._tokens.load(kept["zalo"])
            for account_id, customer_id, name, wrote_at in kept["customers"]:
                self._world.meet(account_id, customer_id, name)
                moment = datetime.fromisoformat(wrote_at)
                self._world.interacted(account_id, customer_id, moment)
        self._tokens.on_change = self.save
        self._world.on_interaction = self._note

    def save(self) -> None:
        customers = [
            (one.account_id, one.id, one.name, one.wrote_at.isoformat())
            for one in self._world.customers
            if one.wrote_at is not None
        ]
        kept = {"zalo": self._tokens.dump(), "customers": customers}
        write_private(self._path, json.dumps(kept, ensure_ascii=False))
        self._saved_at = self._world.clock.now()

    def _note(self) -> None:
        if self._world.clock.now() - self._saved_at >= _SAVE_EVERY:
            self.save()
