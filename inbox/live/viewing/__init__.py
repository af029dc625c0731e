"""Who has a conversation open right now, over every tab of every process."""
