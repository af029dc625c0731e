"""Search over customers and messages: what is stored for it, how it is asked, what is shown."""
