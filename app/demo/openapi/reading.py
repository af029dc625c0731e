"""What the Zalo OpenAPI tells when asked: people, the OA, recent messages, quotas.

Source: https://developers.zalo.me/docs/official-account/quan-ly/quan-ly-thong-tin-nguoi-dung
"""

import json
from collections.abc import Callable
from datetime import timedelta

from app.demo.delivery import epoch_ms
from app.demo.openapi.errors import ZaloError
from app.demo.openapi.messages import PACKAGE, OaMessages
from app.demo.world import Customer, Json, Said, Thread, World
from app.demo.zalo import id_by_app

_MOST_ROWS = 10
_MOST_USERS = 50
_VIETNAM = timedelta(hours=7)
_TYPES = {"image": "photo", "gif": "GIF", "audio": "voice", "link": "links"}


class OaReading:
    """Answers for one OA; `data` of every answer."""

    def __init__(self, world: World, messages: OaMessages, media_url: Callable[[str], str]) -> None:
        self._world = world
        self._messages = messages
        self._media_url = media_url

    def user(self, oa_id: str, asked: Json) -> Json:
        """GET /v3.0/oa/user/detail.

        Raises:
            ZaloError: -201 nobody; -213 their profile is closed; -200 not now (slow people).
        """
        customer = self._world.customer(oa_id, str(asked.get("user_id", "")))
        if customer is None:
            raise ZaloError(-201, "user_id is invalid")
        if customer.profile == "closed":
            raise ZaloError(-213)
        if customer.profile == "slow" and not customer.asked_before:
            customer.asked_before = True
            raise ZaloError(-200)
        avatar = self._media_url(f"sticker-{customer.id}.png")
        return {
            "user_id": customer.id,
            "user_id_by_app": id_by_app(customer.id),
            "user_external_id": "",
            "display_name": _name(customer, customer.id),
            "user_alias": _name(customer, customer.id),
            "is_sensitive": False,
            "user_last_interaction_date": self._day(customer),
            "user_is_follower": customer.follows,
            "avatar": avatar,
            "avatars": {"120": avatar, "240": avatar},
            "dynamic_param": "",
            "tags_and_notes_info": {"notes": [], "tag_names": []},
            "shared_info": {
                "address": "",
                "city": "",
                "district": "",
                "phone": 0,
                "name": "",
                "user_dob": "",
            },
        }

    def users(self, oa_id: str, asked: Json) -> Json:
        """GET /v3.0/oa/user/getlist."""
        offset, count = _window(asked, _MOST_USERS)
        known = [one.id for one in self._world.customers if one.account_id == oa_id]
        rows = [{"user_id": one} for one in known[offset : offset + count]]
        return {"total": len(known), "count": len(rows), "offset": offset, "users": rows}

    def oa(self, oa_id: str) -> Json:
        """GET /v2.0/oa/getoa."""
        account = self._world.accounts[oa_id]
        followers = [one for one in self._world.customers if one.account_id == oa_id]
        avatar = self._media_url("ao-blazer-linen.png")
        return {
            "oaid": oa_id,
            "oa_id": oa_id,
            "name": account.name,
            "description": account.name,
            "is_verified": True,
            "oa_type": 2,
            "cate_name": "Thời trang",
            "num_follower": len(followers),
            "avatar": avatar,
            "cover": avatar,
            "package_name": "Gói Tăng trưởng",
            "package_valid_through_date": "31/12/2027",
            "package_auto_renew_date": "",
            "linked_ZCA": "",
        }

    def recent(self, oa_id: str, asked: Json) -> list[Json]:
        """GET /v2.0/oa/listrecentchat: the newest messages of all users; no groups, no visitors."""
        threads = [one for one in self._world.threads(oa_id) if one.kind == "person"]
        return self._rows([(thread, said) for thread in threads for said in thread.said], asked)

    def conversation(self, oa_id: str, asked: Json) -> list[Json]:
        """GET /v2.0/oa/conversation: the newest messages with one user."""
        thread = self._world.thread(oa_id, str(asked.get("user_id", "")))
        return self._rows([(thread, said) for said in thread.said], asked)

    def quota(self, oa_id: str, asked: Json) -> Json | list[Json]:
        """POST /v3.0/oa/quota/message: of one user, or of the OA."""
        if "user_id" in asked:
            customer = self._world.customer(oa_id, str(asked["user_id"]))
            if customer is None:
                raise ZaloError(-201, "user_id is invalid")
            wrote_at = customer.wrote_at
            return {
                "last_interaction": str(epoch_ms(wrote_at)) if wrote_at is not None else "0",
                "cs_reply": {"remain": 8, "total": 8},
                "promotion": {
                    "daily_remain": 1,
                    "daily_total": 1,
                    "monthly_remain": 4,
                    "monthly_total": 4,
                },
            }
        until = self._world.clock.now() + timedelta(days=30)
        return [
            {
                "asset_id": "0498997ff9515a210557",
                "product_type": "cs",
                "quota_type": "sub_quota",
                "valid_through": until.strftime("%d/%m/%Y"),
                "total": PACKAGE,
                "remain": self._messages.remaining.get(oa_id, PACKAGE),
            }
        ]

    def _rows(self, found: list[tuple[Thread, Said]], asked: Json) -> list[Json]:
        offset, count = _window(asked, _MOST_ROWS)
        newest = sorted(found, key=lambda row: row[1].at, reverse=True)
        return [self._row(*row) for row in newest[offset : offset + count]]

    def _row(self, thread: Thread, said: Said) -> Json:
        person_id, oa_id = thread.person_id, thread.account_id
        customer = self._world.customer(oa_id, person_id)
        person = {
            "id": person_id,
            "display_name": _name(customer, person_id),
            "avatar": self._media_url(f"sticker-{person_id}.png"),
        }
        ours = {
            "id": oa_id,
            "display_name": self._world.accounts[oa_id].name,
            "avatar": self._media_url("ao-blazer-linen.png"),
        }
        sender, recipient = (ours, person) if said.by_account else (person, ours)
        row: Json = {
            "src": 0 if said.by_account else 1,
            "time": epoch_ms(said.at),
            "sent_time": (said.at + _VIETNAM).strftime("%H:%M:%S %d/%m/%Y"),
            **{f"from_{name}": value for name, value in sender.items()},
            **{f"to_{name}": value for name, value in recipient.items()},
            "message_id": said.id,
            "type": "text",
            "message": said.text or "",
        }
        if said.attachments:
            row |= _media(said.attachments[0])
        return row

    def _day(self, customer: Customer) -> str:
        if customer.wrote_at is None:
            return ""
        return (customer.wrote_at + _VIETNAM).strftime("%d/%m/%Y")


def _media(attachment: Json) -> Json:
    kind, payload = attachment["type"], attachment["payload"]
    row: Json = {"type": _TYPES.get(kind, kind), "url": payload.get("url", "")}
    if thumbnail := payload.get("thumbnail"):
        row["thumb"] = thumbnail
    if kind == "link":
        row["links"] = [payload]
    if kind == "location":
        row["location"] = json.dumps(payload["coordinates"])
    if description := payload.get("description"):
        row["description"] = description
    return row


def _name(customer: Customer | None, person_id: str) -> str:
    name = customer.name if customer is not None else None
    return name or f"Khách {person_id[-4:]}"


def _window(asked: Json, most: int) -> tuple[int, int]:
    """Raises ZaloError: -201, more rows are asked for than there may be."""
    offset, count = int(asked.get("offset", 0)), int(asked.get("count", most))
    if offset < 0 or not 0 < count <= most:
        raise ZaloError(-201, "count is invalid")
    return offset, count
