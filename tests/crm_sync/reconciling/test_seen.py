"""Very many customers are remembered in little memory."""

import tracemalloc

from crm_sync.reconciling.seen import Seen


def test_a_hundred_thousand_customers_are_a_few_megabytes() -> None:
    ids = [f"{number:032x}" for number in range(100_000)]
    tracemalloc.start()
    seen = Seen()
    for id_ in ids:
        seen.add(id_)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 10_000_000
    assert all(id_ in seen for id_ in ids)
    assert "somebody else" not in seen
