"""People change who has a conversation: claim, transfer, take over, take part, reply, leave."""
