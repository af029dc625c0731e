"""Answering: a message of ours is stored, shown and queued; `delivery` brings it to the channel."""
