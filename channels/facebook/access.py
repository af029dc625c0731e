"""Finds the page and the token with which an account is reached."""

from channels.facebook.client import PageAccess
from channels.facebook.failures import TokenDead
from inbox.bots.secrets import WrongSecretKey
from inbox.mongo.failures import is_passing
from inbox.ports import AccountRef, Credentials, SendUnavailable


class PageAccounts:
    """Opens credentials {"access_token", "page_id"?} of pages and of Instagram accounts.

    An Instagram account is reached through the page that it is linked with: `page_id`, or "me",
    which Graph reads as the page of the token.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def access(self, account: AccountRef) -> PageAccess:
        """The page and its token.

        Raises:
            TokenDead: there is no token, or it cannot be opened.
            SendUnavailable: the database is away.
        """
        try:
            values = await self._credentials.of(account.key)
        except WrongSecretKey as error:
            raise TokenDead("the secret key is not ours") from error
        except Exception as error:
            if is_passing(error):
                raise SendUnavailable("database") from error
            raise
        token = values.get("access_token")
        if not token:
            raise TokenDead("no token")
        own = account.account_id if account.channel == "facebook" else "me"
        return PageAccess(values.get("page_id") or own, token)
