"""How the bodies of each channel are read."""

from channels.accounts import AccountDirectory
from channels.facebook.parser import parse as parse_facebook
from channels.ingesting import Parse
from channels.zalo.parser import parse as parse_zalo


def parsers(directory: AccountDirectory, app_id: str | None) -> dict[str, Parse]:
    """By channel; `app_id` is our own app at Meta, whose echoes are of messages of ours."""
    return {
        "facebook": lambda body, at: parse_facebook(body, own_app_id=app_id, received_at=at),
        "zalo": lambda body, at: parse_zalo(
            body, known_oa_ids=directory.ids("zalo"), received_at=at
        ),
    }
