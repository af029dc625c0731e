"""Prometheus metrics of the scheduler; prefix `scheduler_`."""

from prometheus_client import Counter, Histogram

steps_total = Counter(
    "scheduler_steps_total", "steps of scripts by what became of them", ["result"]
)
step_lateness_seconds = Histogram(
    "scheduler_step_lateness_seconds",
    "how long after it was due a step was taken",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
