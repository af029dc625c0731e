"""Who looks after a customer: here an e-mail address, there the id of a user.

Source: https://developer.getfly.vn/docs/6.0/user
"""

from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.getfly.client import GetflyApi

_PATH = "/api/v6/users"


async def user_id(api: GetflyApi, field: str, email: str) -> int:
    """Asked each time, so that whoever has left gets nothing. Raises InvalidValue."""
    query = {
        "fields": "user_id,email",
        "filtering[email:contains]": email,
        "filtering[valid]": "1",
    }
    rows = await api.rows(_PATH, query)
    found = [row for row in rows if str(row.get("email") or "").lower() == email.lower()]
    if len(found) != 1:
        raise InvalidValue("no_such_user" if not found else "several_users", fields=(field,))
    return int(found[0]["user_id"])
