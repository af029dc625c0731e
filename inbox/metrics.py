"""Prometheus metrics of the inbox, all in one place; prefix `inbox_`."""

from prometheus_client import Counter, Gauge, Histogram

webhooks_total = Counter(
    "inbox_webhooks_total", "webhook requests by what became of them", ["channel", "outcome"]
)
journal_batch_size = Histogram(
    "inbox_journal_batch_size",
    "webhook bodies written together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
)
apply_seconds = Histogram(
    "inbox_apply_seconds",
    "time to apply one batch of changes",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
entries_applied_total = Counter("inbox_entries_applied_total", "webhook bodies applied")
events_parked_total = Counter(
    "inbox_events_parked_total", "events that could not be applied, by reason", ["reason"]
)
unknown_events_total = Counter(
    "inbox_unknown_events_total", "events of a type we do not know", ["channel"]
)
backlog_entries = Gauge("inbox_backlog_entries", "webhook bodies kept but not yet applied here")
backlog_bytes = Gauge("inbox_backlog_bytes", "bytes of the bodies that wait to be applied here")
journal_lag_seconds = Gauge("inbox_journal_lag_seconds", "age of the oldest unapplied webhook body")
clock_skew_seconds = Gauge(
    "inbox_clock_skew_seconds", "how far this machine's clock is ahead of the database's"
)
due_lag_seconds = Gauge("inbox_due_lag_seconds", "age of the oldest due work", ["work"])
parts_total = Counter(
    "inbox_parts_total", "sends of message parts by what became of them", ["channel", "outcome"]
)
media_copies_total = Counter(
    "inbox_media_copies_total", "copies of attachments by what became of them", ["outcome"]
)
media_copied_bytes_total = Counter("inbox_media_copied_bytes_total", "bytes copied from channels")
media_objects_deleted_total = Counter(
    "inbox_media_objects_deleted_total", "stored objects deleted because nothing referred to them"
)
messages_waiting = Gauge(
    "inbox_messages_waiting",
    "messages of ours that have not ended: queued, sending, uncertain; of all processes",
    ["status"],
)
oldest_queued_seconds = Gauge(
    "inbox_oldest_queued_seconds", "age of the oldest message that waits to be sent"
)
split_decisions_total = Counter(
    "inbox_split_decisions_total", "changes of who has a conversation, by kind", ["kind"]
)
split_seconds = Histogram(
    "inbox_split_seconds",
    "time to decide one batch of conversations",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
crm_oldest_edit_seconds = Gauge(
    "inbox_crm_oldest_edit_seconds", "age of the oldest edit that is not in the CRM", ["connection"]
)
automation_calls_total = Counter(
    "inbox_automation_calls_total", "events told to automations by what became of them", ["outcome"]
)
live_clients = Gauge("inbox_live_clients", "open WebSockets of this process")
live_frames_total = Counter("inbox_live_frames_total", "frames sent to live clients")
live_resyncs_total = Counter("inbox_live_resyncs_total", "clients told to fetch everything anew")
