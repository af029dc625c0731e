"""Who is here: kept alive by open inboxes, ended by time, never by a lost message."""
