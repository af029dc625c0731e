"""What staff mark on a conversation: its status, and how far the team has read."""
