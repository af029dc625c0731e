"""Comments under posts: answered for everybody or in private, hidden, removed."""

from datetime import timedelta

from app.demo.accounts import DemoAccount
from app.demo.exchange import Accepted
from app.demo.graph.errors import GraphError
from app.demo.graph.pages import Page
from app.demo.ledger import Ledger, Received
from app.demo.people import Person
from app.demo.reports import MetaReports
from app.demo.world import Comment, Json, World, psid_of

_PRIVATE_WITHIN = timedelta(days=7)
_TRUE = ("true", "1", True)


class Comments:
    """What a page may do about comments; its own doings come back as webhooks."""

    def __init__(self, world: World, ledger: Ledger, reports: MetaReports) -> None:
        self._world = world
        self._ledger = ledger
        self._reports = reports

    def find(self, page: Page, comment_id: str) -> Comment:
        """Raises GraphError: 100/33, the page has no such comment."""
        comment = self._world.comments.get(comment_id)
        ours = (page.id, page.instagram_id)
        if comment is None or comment.removed or comment.account_id not in ours:
            raise GraphError(100, 33)
        return comment

    def answerable(self, page: Page, comment_id: str) -> Comment:
        """The comment that may be answered privately.

        Raises:
            GraphError: 100/2018292 there is none; 10900 answered already; 10903 too old or ours.
        """
        try:
            comment = self.find(page, comment_id)
        except GraphError:
            raise GraphError(100, 2018292) from None
        if comment.answered_privately:
            raise GraphError(10900)
        if self._world.clock.now() - comment.at > _PRIVATE_WITHIN:
            raise GraphError(10903)
        if comment.author_id == comment.account_id:
            raise GraphError(10902)
        return comment

    def written(self, account: DemoAccount, by: Person, text: str, under: str | None) -> Comment:
        """A customer comments under a post, or under a comment; it is not told yet."""
        parent = self._world.comments.get(under) if under is not None else None
        number, now = self._world.new_number(15), self._world.clock.now()
        post_id = parent.post_id if parent is not None else f"{account.account_id}_{number[::-1]}"
        on_instagram = account.channel == "instagram"
        id_ = number if on_instagram else f"{post_id.rpartition('_')[2]}_{number}"
        root_id = parent.root_id if parent is not None else id_
        comment = Comment(
            id=id_,
            account_id=account.account_id,
            post_id=post_id,
            root_id=root_id,
            author_id=by.commenter_id,
            author_name=by.name,
            text=text,
            at=now,
        )
        self._world.comments[id_] = comment
        return comment

    def like(self, page: Page, comment_id: str, *, liked: bool) -> Accepted:
        """Like a comment as the page, or take it back; only pages tell of it."""
        comment = self.find(page, comment_id)
        account = self._world.accounts[comment.account_id]
        if account.channel == "instagram":
            raise GraphError(100, None, "Unknown path components: /likes")
        comment.liked = liked
        body: Json = {"success": True}
        if page.subscribed is None:
            return Accepted(body)
        now = self._world.clock.now()
        return Accepted(body, self._reports.liking(account, comment, now), comment.id)

    def answered_to(self, page: Page, comment_id: str) -> tuple[str, str] | None:
        """With whom a private answer to a comment has begun a conversation."""
        comment = self.find(page, comment_id)
        return self.asker(comment) if comment.answered_privately else None

    def asker(self, comment: Comment) -> tuple[str, str]:
        """The account and the id under which the author of a comment can be written to."""
        if self._world.accounts[comment.account_id].channel == "instagram":
            return comment.account_id, comment.author_id
        return comment.account_id, psid_of(comment.author_id)

    def answer(self, page: Page, comment_id: str, text: str) -> Accepted:
        """Answer under a comment, for everybody to read."""
        parent = self.find(page, comment_id)
        if not text.strip():
            raise GraphError(100, None, "Param message must not be empty")
        account = self._world.accounts[parent.account_id]
        now = self._world.clock.now()
        number = self._world.new_number(15)
        ours = Comment(
            id=number if account.channel == "instagram" else f"{_post(parent)}_{number}",
            account_id=parent.account_id,
            post_id=parent.post_id,
            root_id=parent.root_id,
            author_id=account.account_id,
            author_name=account.name,
            text=text,
            at=now,
        )
        self._world.comments[ours.id] = ours
        self._ledger.accept(
            Received(
                channel=account.channel,
                account_id=account.account_id,
                customer_id=comment_id,
                kind="comment",
                platform_id=ours.id,
                accepted_at=now,
                text=text,
            )
        )
        return self._told(page, ours, "add", {"id": ours.id})

    def answers(self, page: Page, comment_id: str, asked: dict[str, str]) -> list[Json]:
        """What was answered under a comment; the newest first where it is asked for."""
        root = self.find(page, comment_id)
        found = [
            one
            for one in self._world.comments.values()
            if one.root_id == root.id and one is not root and not one.removed
        ]
        found.sort(key=lambda one: one.at, reverse=asked.get("order") == "reverse_chronological")
        return [self.read(page, one.id) for one in found[: int(asked.get("limit", 25))]]

    def change(self, page: Page, comment_id: str, asked: Json) -> Accepted:
        """Hide or show a comment, or edit one of ours."""
        comment = self.find(page, comment_id)
        if "is_hidden" in asked or "hide" in asked:
            comment.hidden = asked.get("is_hidden", asked.get("hide")) in _TRUE
            verb = "hide" if comment.hidden else "unhide"
        elif "message" in asked and comment.author_id == comment.account_id:
            comment.text = asked["message"]
            verb = "edited"
        else:
            raise GraphError(100)
        return self._told(page, comment, verb, {"success": True})

    def remove(self, page: Page, comment_id: str) -> Accepted:
        comment = self.find(page, comment_id)
        comment.removed = True
        return self._told(page, comment, "remove", {"success": True})

    def read(self, page: Page, comment_id: str) -> Json:
        comment = self.find(page, comment_id)
        author = {"id": comment.author_id}
        at = comment.at.strftime("%Y-%m-%dT%H:%M:%S+0000")
        if self._world.accounts[comment.account_id].channel == "instagram":
            author["username"] = comment.author_name or ""
            told = {"id": comment.id, "text": comment.text, "from": author, "timestamp": at}
            return {**told, "hidden": comment.hidden}
        author["name"] = comment.author_name or ""
        return {
            "id": comment.id,
            "message": comment.text,
            "from": author,
            "created_time": at,
            "is_hidden": comment.hidden,
            "user_likes": comment.liked,
            "can_reply_privately": not comment.answered_privately,
        }

    def _told(self, page: Page, comment: Comment, verb: str, body: Json) -> Accepted:
        """Instagram tells only of comments that are written."""
        account = self._world.accounts[comment.account_id]
        if page.subscribed is None or (account.channel == "instagram" and verb != "add"):
            return Accepted(body)
        now = self._world.clock.now()
        return Accepted(body, self._reports.comment(account, comment, verb, now), comment.id)


def _post(comment: Comment) -> str:
    """The number of the post, without that of the page."""
    return comment.post_id.rpartition("_")[2]
