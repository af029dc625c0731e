"""Getfly CRM, API version 6: customers are accounts, tags are their groups, notes are comments.

Built after its documents, https://developer.getfly.vn/docs/6.0/customer/intro and 6.1. Where they
leave a thing open, this is assumed, and nothing else:

- `account_code` is unique, of deleted accounts too: those can be restored.
- A PUT changes what it names and nothing else, within `custom_fields` as well.
- "" empties a text, an option and a date; null only what is told to be nullable (the manager).
- Lists come in any order, and cut `limit` as they like: `has_more` is what counts.
- Times are of Vietnam, +07:00, to the second.
- A comment is plain text, as nothing says that it is HTML.
- No limit of calls is published; 429 is understood.
"""
