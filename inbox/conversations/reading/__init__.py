"""Reading conversations and their messages: lists, counts, pages, media."""
