"""The webhooks that tell the inbox what became of a message, or that a customer wrote one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.demo import facebook, zalo
from app.demo.accounts import DemoAccount
from app.demo.apps import Apps
from app.demo.delivery import Delivery, epoch_ms, epoch_s
from app.demo.world import Comment, Json, Said

_TOLD_AFTER_MS = 412


class Reports(Protocol):
    """How one platform tells; every call gives the deliveries of one thing that happened."""

    def message(self, account: DemoAccount, customer_id: str, said: Said) -> list[Delivery]:
        """The customer wrote `said`."""
        ...

    def received(
        self, account: DemoAccount, customer_id: str, ids: Sequence[str], at: datetime
    ) -> list[Delivery]:
        """Messages of the account reached the customer's phone."""
        ...

    def seen(
        self, account: DemoAccount, customer_id: str, ids: Sequence[str], at: datetime
    ) -> list[Delivery]:
        """The customer read messages of the account."""
        ...


class MetaReports:
    """Tells as Messenger and Instagram do: Instagram knows no deliveries and no app ids."""

    def __init__(self, apps: Apps) -> None:
        self._secret = apps.facebook_app_secret
        self._app_id = int(apps.facebook_app_id)

    def echo(
        self, account: DemoAccount, customer_id: str, said: Said, reference: str | None
    ) -> list[Delivery]:
        message = _meta_message(said) | {"is_echo": True}
        if account.channel == "facebook":
            message["app_id"] = self._app_id
            if reference is not None:
                message["metadata"] = reference
        return self._element(account, customer_id, said.at, by_account=True, message=message)

    def message(self, account: DemoAccount, customer_id: str, said: Said) -> list[Delivery]:
        return self._element(account, customer_id, said.at, message=_meta_message(said))

    def received(
        self, account: DemoAccount, customer_id: str, ids: Sequence[str], at: datetime
    ) -> list[Delivery]:
        if account.channel == "instagram":
            return []
        told = {"mids": list(ids), "watermark": epoch_ms(at)}
        return self._element(account, customer_id, at, delivery=told)

    def seen(
        self, account: DemoAccount, customer_id: str, ids: Sequence[str], at: datetime
    ) -> list[Delivery]:
        if account.channel == "instagram":
            return self._element(account, customer_id, at, read={"mid": ids[-1]})
        return self._element(account, customer_id, at, read={"watermark": epoch_ms(at)})

    def comment(
        self, account: DemoAccount, comment: Comment, verb: str, at: datetime
    ) -> list[Delivery]:
        """Somebody, or the page itself, did `verb` to a comment."""
        name, value = "feed", _feed_comment(comment, verb, at)
        if account.channel == "instagram":
            name, value = "comments", _instagram_comment(comment)
        changes = [{"field": name, "value": value}]
        entry = {"id": account.account_id, "time": epoch_s(at), "changes": changes}
        return [facebook.delivery(account, [entry], self._secret)]

    def liking(self, account: DemoAccount, comment: Comment, at: datetime) -> list[Delivery]:
        """The page likes a comment, or does not any more."""
        value = _feed_comment(comment, "like", at) | {
            "from": {"id": account.account_id, "name": account.name},
            "item": "reaction",
            "reaction_type": "like",
            "verb": "add" if comment.liked else "remove",
        }
        changes = [{"field": "feed", "value": value}]
        entry = {"id": account.account_id, "time": epoch_s(at), "changes": changes}
        return [facebook.delivery(account, [entry], self._secret)]

    def _element(
        self,
        account: DemoAccount,
        customer_id: str,
        at: datetime,
        *,
        by_account: bool = False,
        **content: Json,
    ) -> list[Delivery]:
        ours, person = {"id": account.account_id}, {"id": customer_id}
        sender, recipient = (ours, person) if by_account else (person, ours)
        element = {"sender": sender, "recipient": recipient, "timestamp": epoch_ms(at), **content}
        if "delivery" in content:
            del element["timestamp"]
        time = epoch_ms(at) + _TOLD_AFTER_MS
        entry = {"id": account.account_id, "time": time, "messaging": [element]}
        return [facebook.delivery(account, [entry], self._secret)]


class ZaloReports:
    """Tells as Zalo does: one event in each POST."""

    def __init__(self, apps: Apps) -> None:
        self._app_id, self._key = apps.zalo_app_id, apps.zalo_oa_secret_key

    def echo(
        self, account: DemoAccount, customer_id: str, said: Said, name: str, **extra: str
    ) -> list[Delivery]:
        """`name` is the event, such as oa_send_text; `extra` goes into the message."""
        content: Json = {"message": _zalo_message(said) | extra}
        if "_group_" in name:
            content["oa_id"] = account.account_id
        return self._event(account, customer_id, name, said.at, by_account=True, **content)

    def reaction(
        self, account: DemoAccount, customer_id: str, message_id: str, icon: str, at: datetime
    ) -> list[Delivery]:
        message = {"msg_id": message_id, "react_icon": icon}
        name = "oa_reacted_message"
        return self._event(account, customer_id, name, at, by_account=True, message=message)

    def message(self, account: DemoAccount, customer_id: str, said: Said) -> list[Delivery]:
        kind = "text"
        if said.attachments:
            kind = said.attachments[0]["type"]
        message = _zalo_message(said)
        return self._event(account, customer_id, f"user_send_{kind}", said.at, message=message)

    def received(
        self, account: DemoAccount, customer_id: str, ids: Sequence[str], at: datetime
    ) -> list[Delivery]:
        name = "user_received_message"
        events = []
        for message_id in ids:
            told = {"msg_id": message_id}
            events += self._event(account, customer_id, name, at, by_account=True, message=told)
        return events

    def seen(
        self, account: DemoAccount, customer_id: str, ids: Sequence[str], at: datetime
    ) -> list[Delivery]:
        told = {"msg_ids": list(ids)}
        return self._event(account, customer_id, "user_seen_message", at, message=told)

    def _event(
        self,
        account: DemoAccount,
        customer_id: str,
        name: str,
        at: datetime,
        *,
        by_account: bool = False,
        **content: object,
    ) -> list[Delivery]:
        ours, person = {"id": account.account_id}, {"id": customer_id}
        sender, recipient = (ours, person) if by_account else (person, ours)
        event = {
            "app_id": self._app_id,
            "user_id_by_app": zalo.id_by_app(customer_id),
            "event_name": name,
            "timestamp": str(epoch_ms(at)),
            "sender": sender,
            "recipient": recipient,
            **content,
        }
        if "_group_" in name or "anonymous" in name:
            del event["user_id_by_app"]
        return [zalo.delivery(event, self._app_id, self._key)]


def _meta_message(said: Said) -> Json:
    message: Json = {"mid": said.id}
    if said.text is not None:
        message["text"] = said.text
    if said.attachments:
        message["attachments"] = list(said.attachments)
    if said.reply_to is not None:
        message["reply_to"] = {"mid": said.reply_to, "is_self_reply": False}
    return message


def _zalo_message(said: Said) -> Json:
    message: Json = {"msg_id": said.id}
    if said.reply_to is not None:
        message["quote_msg_id"] = said.reply_to
    if said.text is not None:
        message["text"] = said.text
    if said.attachments:
        message["attachments"] = list(said.attachments)
    return message


def _feed_comment(comment: Comment, verb: str, at: datetime) -> Json:
    value: Json = {
        "from": {"id": comment.author_id, "name": comment.author_name},
        "post": {
            "id": comment.post_id,
            "permalink_url": f"https://www.facebook.com/{comment.post_id}",
            "status_type": "mobile_status_update",
            "is_published": True,
        },
        "post_id": comment.post_id,
        "comment_id": comment.id,
        "created_time": epoch_s(at),
        "item": "comment",
        "parent_id": comment.post_id if comment.id == comment.root_id else comment.root_id,
        "verb": verb,
    }
    if verb in ("add", "edited"):
        value["message"] = comment.text
    if verb in ("hide", "unhide"):
        value["is_hidden"] = comment.hidden
    return value


def _instagram_comment(comment: Comment) -> Json:
    value: Json = {
        "from": {"id": comment.author_id, "username": comment.author_name},
        "id": comment.id,
        "text": comment.text,
        "media": {"id": comment.post_id, "media_product_type": "FEED"},
    }
    if comment.id != comment.root_id:
        value["parent_id"] = comment.root_id
    return value
