"""What customers tell of themselves in their messages, offered for saving."""
