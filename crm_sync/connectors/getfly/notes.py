"""Notes are comments ("trao đổi") of an account, and each ends with a mark of its id of ours.

Comments can be listed and written; no document tells how to change or delete one, and nothing
keeps them unique. So whoever writes a note looks for its mark first. What was lost on the way is
found there and never written twice; a note that was edited is another comment, which says that it
takes the place of the one before. Two writers of the same note at once would make two.

Source: https://developer.getfly.vn/docs/6.0/customer/comments
"""

import hashlib

from crm_sync.connectors.errors import CrmUncertain
from crm_sync.connectors.getfly.client import GetflyApi, Row
from crm_sync.connectors.getfly.values import clean

_TOLD = "id,content,created_at"
_INSTEAD = ", thay bản trước"


class Notes:
    """`instance` tells our notes from another inbox's."""

    def __init__(self, api: GetflyApi, instance: str) -> None:
        self._api = api
        self._instance = instance

    async def write(self, account_id: int, note_id: str, text: str) -> str:
        """The id of the comment that holds the text. Raises RecordGone."""
        path = f"/api/v6/accounts/{account_id}/comments"
        mark = _mark(self._instance, note_id)
        before = _latest(await self._api.rows(path, {"fields": _TOLD}), mark)
        if before is not None and _text(before, mark) == clean(text):
            return str(before["id"])
        ending = f"({mark}{_INSTEAD})" if before else f"({mark})"
        body = {"content": f"{clean(text)}\n\n{ending}"}
        made = await self._api.call("POST", path, body=body)
        if not isinstance(made, dict) or not str(made.get("id", "")).isdigit():
            raise CrmUncertain("comment_without_id")
        return str(made["id"])


def without_mark(content: str) -> str:
    """What we were told to write, of a comment of ours."""
    return content.rpartition("\n\n(mã ")[0]


def _mark(instance: str, note_id: str) -> str:
    digest = hashlib.blake2b(f"{instance}\0{note_id}".encode(), digest_size=8).hexdigest()
    return f"mã {digest}"


def _latest(rows: list[Row], mark: str) -> Row | None:
    endings = (f"\n\n({mark})", f"\n\n({mark}{_INSTEAD})")
    ours = [row for row in rows if str(row.get("content") or "").rstrip().endswith(endings)]
    return max(ours, key=lambda row: int(row["id"]), default=None)


def _text(row: Row, mark: str) -> str:
    return str(row["content"]).rpartition(f"\n\n({mark}")[0]
