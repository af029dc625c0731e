"""Every index of the database, in one table, each with the reason why it exists."""

import pymongo
from pymongo import IndexModel

from inbox.mongo.client import Mongo
from inbox.mongo.index import Index, due, found_by, named_objects

DAY_S = 24 * 3600
_BUILT_WITHIN_S = 6 * 3600
"""Millions of documents take minutes; cut short, mongod would throw away what it has built."""
JOURNAL_KEPT_S = 7 * DAY_S
"""How long an applied webhook body is kept, so that a range can be replayed after a parser fix."""

AUTOMATION_EVENTS_KEPT_S = 7 * DAY_S
"""How long what automations were told can be told once more, and the log of it is kept."""


INDEXES: tuple[Index, ...] = (
    Index(
        "webhook_journal",
        ("applied_at",),
        "applied bodies expire; what is unapplied or parked has no applied_at and never does",
        expire_after_s=JOURNAL_KEPT_S,
    ),
    due("crm_connections", "poll", "what was changed in CRMs is looked for"),
    due("crm_connections", "backfill", "customers whom nobody edits are mirrored, when asked for"),
    due("crm_forgetting", "work", "records of people who were erased are emptied"),
    due("webhook_journal", "apply", "recovery claims what a dead process left unapplied"),
    Index(
        "webhook_journal",
        ("parked.account", "_id"),
        "list what is parked; find it again when its account is connected",
        partial={"parked": {"$exists": True}},
    ),
    Index("webhook_journal", ("received_at",), "replay a range of time"),
    Index(
        "webhook_journal",
        ("source",),
        "count what a back-fill has found; nothing else has a source",
        partial={"source": {"$exists": True}},
    ),
    Index(
        "webhook_journal",
        ("subjects",),
        "erasure redacts every body that speaks of a person",
    ),
    Index(
        "messages",
        ("conversation_id", "-at", "-seq"),
        "a page of a thread; the newest message when an event was not the newest",
    ),
    Index(
        "messages",
        ("conversation_id", "attachments.kind", "-at"),
        "the media block: images, videos, files, newest first",
        partial={"attachments.0": {"$exists": True}},
    ),
    Index(
        "messages",
        ("conversation_id", "seq"),
        "messages of ours on their way, in the order in which they are sent",
        partial={"pending": True},
    ),
    Index(
        "messages",
        ("author.id",),
        "erasure finds what a person wrote in comments and groups",
        partial={"author.id": {"$exists": True}},
    ),
    due("messages", "copying", "attachments that wait to be copied"),
    named_objects("messages", "attachments.copy.sha256"),
    named_objects("messages", "attachments.copy.thumbnail.sha256"),
    named_objects("uploads", "sha256"),
    named_objects("customers", "identities.avatar.sha256"),
    due("stored_objects", "check", "objects that perhaps nothing refers to any more"),
    found_by("messages", "at", "quick search: the messages with a word, newest first"),
    Index(
        "messages",
        ("attachments.upload_id",),
        "erasure finds whether a file of ours was sent to others too",
        partial={"attachments.upload_id": {"$exists": True}},
    ),
    Index(
        "conversations",
        ("bot_id", "status", "-last.at", "-_id"),
        "the list of a bot, newest first",
    ),
    Index(
        "conversations",
        ("assignee_id", "status", "-last.at", "-_id"),
        "my conversations, and those of nobody over all bots",
    ),
    Index(
        "conversations",
        ("-last.at", "-_id", "bot_id"),
        "the list of what was not read; unread are few, whatever the list holds",
        partial={"unread": {"$gt": 0}},
    ),
    Index(
        "conversations",
        ("bot_id", "assignee_id", "status", "-last.at", "-_id"),
        "what nobody has in a bot, and what one person has there, newest first",
    ),
    Index(
        "conversations",
        ("participant_ids", "-last.at", "-_id"),
        "what a staff member takes part in",
    ),
    Index(
        "conversations",
        ("status", "-last.at", "-_id"),
        "the list over all bots, as owners and admins see it, newest first",
    ),
    Index(
        "conversations",
        ("bot_id", "waiting_since", "_id"),
        "conversations in which a customer waits: their number, and those that wait longest",
        partial={"waiting_since": {"$exists": True}},
    ),
    Index(
        "conversations",
        ("account_key", "bot_id"),
        "conversations that are still to follow their account into another bot",
    ),
    Index(
        "conversations",
        ("last_carer_id",),
        "a handover finds whose customers come back to somebody who leaves",
        partial={"last_carer_id": {"$exists": True}},
    ),
    Index("conversations", ("customer_id",), "all conversations of a customer, for every channel"),
    Index(
        "customers",
        ("identities.id",),
        "one customer per channel identity",
        unique=True,
        partial={"identities.id": {"$exists": True}},
    ),
    Index(
        "customers",
        ("owner_id",),
        "the customers of a staff member",
        partial={"owner_id": {"$exists": True}},
    ),
    Index("customers", ("follower_ids",), "the customers that a staff member follows"),
    due("handovers", "run", "handovers under way"),
    Index("customers", ("phones",), "the customer of a phone number"),
    Index("customers", ("emails",), "the customer of an e-mail address"),
    found_by(
        "customers",
        "created_at",
        "quick search: the customers of a word, newest first; and the search of the list",
    ),
    Index("customers", ("tag_ids",), "the conversations of a tag"),
    due("conversations", "split", "conversations that wait for their first decision"),
    Index(
        "conversations",
        ("split.state", "bot_id", "split.since"),
        "conversations that nobody could receive yet, oldest first",
        partial={"split.state": "waiting"},
    ),
    Index(
        "conversations",
        ("split.state", "bot_id", "split.queue", "split.since"),
        "what waits for the same people, so that a try tells of all of it",
        partial={"split.state": "waiting"},
    ),
    Index(
        "conversations",
        ("assignee_id", "waiting_since"),
        "how many customers wait for each person, counted from the index alone",
        partial={"assignee_id": {"$exists": True}, "waiting_since": {"$exists": True}},
    ),
    Index("customers", ("attributes.$**",), "whether an attribute is used"),
    Index("attributes", ("key",), "one attribute per key", unique=True),
    due("viewers", "expiry", "conversations whose viewers may have gone without a word"),
    due("conversations", "delivery", "conversations with messages to send, or in doubt"),
    Index("platform_ids", ("conversation_id",), "erasure forgets what our messages were called"),
    due("customers", "profile", "profiles that wait to be fetched"),
    due("customers", "avatar_copying", "avatars that wait to be copied"),
    Index("interactions", ("customer_id", "-at", "-_id"), "the timeline of a customer"),
    Index(
        "interactions",
        ("customer_id", "type", "-at", "-_id"),
        "the timeline of a customer, some kinds alone",
    ),
    Index("interactions", ("conversation_id",), "erasure and merge find a thread's facts"),
    Index("account_events", ("account_key", "-at", "-_id"), "what happened to an account"),
    Index("account_events", ("subjects",), "erasure finds account events that name a person"),
    Index("account_gaps", ("account_key", "-from", "-_id"), "what an account missed, newest first"),
    due("account_gaps", "backfill", "intervals that wait to be read back"),
    Index("split_rules", ("bot_id", "position"), "the rules of a bot in their order"),
    Index("split_ledger", ("bot_id",), "the books of a bot"),
    Index("split_ledger", ("_id.rule_id",), "a deleted rule takes its books along"),
    Index("receipts", ("conversation_id", "-at", "-_id"), "why a conversation is whose"),
    Index("notices", ("staff_id", "-at", "-_id"), "what somebody was told, newest first"),
    Index("notices", ("at",), "old notices vanish", expire_after_s=90 * DAY_S),
    Index(
        "notices",
        ("conversation_id",),
        "erasure forgets what people were told of a conversation",
        partial={"conversation_id": {"$exists": True}},
    ),
    due("presence", "expiry", "people who are not here any more"),
    Index(
        "tags",
        ("key",),
        "one tag per name, whatever its spelling",
        unique=True,
        partial={"key": {"$exists": True}},
    ),
    Index("canned_replies", ("bot_id", "key"), "one reply per shortcut of a bot", unique=True),
    Index("merges", ("survivor_id", "-at"), "the merge that may be undone"),
    Index("merges", ("people",), "erasure finds the records as they were before merges"),
    due("merges", "settling", "merges after which conversations may still have to be moved"),
    Index("redirects", ("to",), "old ids follow when their customer is merged again"),
    due("tags", "renaming", "renamed tags whose customers are to be mirrored"),
    due("tags", "removal", "deleted tags that customers still have"),
    Index(
        "erasures",
        ("customer_id",),
        "whether somebody asked for it already",
        partial={"customer_id": {"$exists": True}},
    ),
    due("erasures", "run", "erasures that wait to be carried out"),
    Index("scripts", ("bot_id", "created_at", "_id"), "the scripts of a bot, oldest first"),
    Index(
        "scripts",
        ("steps.content.upload_ids",),
        "erasure finds whether a script still sends a file of ours",
    ),
    Index(
        "enrolments",
        ("script_id", "customer_id"),
        "a customer runs a script once at a time; how many run it, and those of a deleted one",
        unique=True,
        partial={"open": True},
    ),
    Index("enrolments", ("script_id", "status", "reason"), "the report of a script"),
    Index("enrolments", ("customer_id", "-started_at", "-_id"), "a customer's scripts"),
    Index(
        "enrolments",
        ("conversation_id", "next_at"),
        "whether another step of the conversation goes before; those that wait for something",
        partial={"open": True},
    ),
    due("enrolments", "work", "steps of scripts that are due"),
    due("scripts", "retime", "scripts that were changed while they run"),
    due("scripts", "calendar", "scripts that attach themselves at the times of a calendar"),
    Index(
        "enrolments",
        ("conversation_id",),
        "what runs in a conversation stops when that moves to another bot; erasure",
    ),
    Index(
        "messages",
        ("author.id", "status"),
        "the report of a script: what it said and did not reach the customer",
        partial={"author.kind": "script"},
    ),
    due("signals", "work", "what happened that automations have still to heed"),
    Index("signals", ("customer_id",), "a step waits for what is still to be heeded; erasure"),
    Index("automations", ("bot_id",), "the automations of a bot"),
    Index(
        "automations",
        ("enabled",),
        "those that are told anything",
        partial={"enabled": True},
    ),
    Index(
        "automations",
        ("answers", "bot_id"),
        "at most one automation of a bot answers customers first",
        unique=True,
        partial={"answers": True},
    ),
    Index(
        "automation_events",
        ("stream_id", "seq"),
        "what an automation is told next of a conversation",
    ),
    Index(
        "automation_events",
        ("relayed_at",),
        "events can be told once more for a week",
        expire_after_s=AUTOMATION_EVENTS_KEPT_S,
    ),
    Index("automation_events", ("customer_id",), "erasure deletes what was told of a person"),
    Index("automation_events", ("conversation_id",), "erasure deletes what was told of a person"),
    due("automation_streams", "watch", "customers who wait for an automation to answer"),
    Index("automation_streams", ("conversation_id",), "the same for a conversation"),
    Index("automation_streams", ("customer_id",), "erasure deletes how far a person was told of"),
    Index(
        "automation_streams",
        ("watch.automation_id",),
        "whoever waits for an automation is handed to people when it is switched off",
        partial={"watch.automation_id": {"$exists": True}},
    ),
    Index(
        "automation_queues",
        ("automation_id", "work.due_at"),
        "what an automation is still to be told; nobody waits behind another's",
        partial={"work.due_at": {"$exists": True}},
    ),
    due("automation_answers", "work", "what programs of this process want to say"),
    Index("automation_answers", ("conversation_id",), "erasure deletes what is still to be said"),
    Index("automation_answers", ("customer_id",), "erasure deletes what is still to be said"),
    Index("automation_queues", ("automation_id",), "deleted with its automation"),
    Index("automation_queues", ("stream_id",), "the same for what was still to be told"),
    Index(
        "automation_deliveries",
        ("automation_id", "state", "-tried_at", "-_id"),
        "the log of an automation, newest first; what is parked",
    ),
    Index(
        "automation_deliveries",
        ("tried_at",),
        "the log is kept as long as its events",
        expire_after_s=AUTOMATION_EVENTS_KEPT_S,
    ),
    Index(
        "tokens",
        ("automation_id",),
        "tokens end with their automation",
        partial={"automation_id": {"$exists": True}},
    ),
    Index("live_events", ("at",), "live events are a feed, not a history", expire_after_s=DAY_S),
    Index("accounts", ("bot_id",), "the accounts of a bot"),
    due("accounts", "move", "accounts whose conversations follow them into another bot"),
    due("accounts", "token", "access tokens that wait to be refreshed"),
    Index("connect_flows", ("state_hash",), "a dialog's answer finds its flow", unique=True),
    Index("connect_flows", ("expires_at",), "flows and their tokens vanish", expire_after_s=0),
    Index(
        "data_deletions",
        ("state",),
        "requests that wait for an admin",
        partial={"state": "needs_admin"},
    ),
    Index("data_deletions", ("code",), "what a person asked Meta to delete", unique=True),
    Index("staff", ("email",), "sign-in; one person per address", unique=True),
    Index("sessions", ("expires_at",), "ended sessions vanish", expire_after_s=0),
    Index("sessions", ("staff_id",), "end all sessions of a person"),
    Index("password_resets", ("expires_at",), "reset links vanish", expire_after_s=0),
    Index("password_resets", ("staff_id",), "one link per person"),
    Index("session_handovers", ("expires_at",), "codes for frames vanish", expire_after_s=0),
    Index("tokens", ("staff_id",), "the API tokens of a person"),
    Index("sign_in_tries", ("expires_at",), "throttling forgets", expire_after_s=0),
    Index("audit", ("-at", "-_id"), "the audit log, newest first"),
    Index("audit", ("actor.id", "-at", "-_id"), "what somebody did"),
    Index("audit", ("target.id", "-at", "-_id"), "what was done to something; erasure empties it"),
    Index("audit", ("action", "-at", "-_id"), "how often, and when, something was done"),
    Index("leases", ("expires_at",), "leases of dead processes vanish", expire_after_s=3600),
    Index("rate_buckets", ("at",), "buckets long unused are full anyway", expire_after_s=DAY_S),
)


async def ensure_indexes(mongo: Mongo) -> None:
    """Create the indexes that are missing. Safe to repeat and to run while serving."""
    by_collection: dict[str, list[IndexModel]] = {}
    for index in INDEXES:
        by_collection.setdefault(index.collection, []).append(index.model())
    for collection, models in by_collection.items():
        with pymongo.timeout(_BUILT_WITHIN_S):
            await mongo[collection].create_indexes(models)
