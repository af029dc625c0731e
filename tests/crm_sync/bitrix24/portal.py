"""A portal of Bitrix24 that behaves, as far as its documentation tells.

Shapes and codes are those of https://apidocs.bitrix24.com; what the documentation does not say is
after its published source and the answers of its maintainers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.crm_sync.bitrix24.portal_contacts import BOT, Contacts, Params, Refused, listed
from tests.crm_sync.bitrix24.portal_fields import SYSTEM

FIND_MAX = 20


@dataclass
class Portal(Contacts):
    """`is_admin`: whether our user may change fields; `calls` are the methods called so far."""

    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    users: list[dict[str, Any]] = field(default_factory=list)
    is_admin: bool = True
    calls: list[str] = field(default_factory=list)

    def by_upper(self) -> dict[str, str]:
        system = {upper: name for name, (_, upper) in SYSTEM.items()}
        return system | {one.upper: one.name for one in self.user_fields}

    # crm.contact.*: frozen, in upper case; what empties a list of several values

    def update_contact(self, params: Params) -> Any:
        if int(params["id"]) not in self.items:
            raise Refused("", "Not found")
        names = self.by_upper()
        fields = {names[key]: value for key, value in params["fields"].items() if key in names}
        self.write(self.items[int(params["id"])], fields, BOT)
        return True

    def list_user_fields(self, params: Params) -> Any:
        wanted = (params.get("filter") or {}).get("FIELD_NAME")
        found = [one for one in self.user_fields if wanted in (None, one.upper)]
        rows = [{"ID": str(one.id), "FIELD_NAME": one.upper} for one in found]
        return listed(rows, params.get("start") or 0, lambda page: page)

    def update_user_field(self, params: Params) -> Any:
        if not self.is_admin:
            raise Refused("ACCESS_DENIED", "Access denied.")
        field_ = next(one for one in self.user_fields if one.id == int(params["id"]))
        for option in params["fields"].get("LIST") or ():
            field_.options[int(option.get("ID") or self.new_id())] = option["VALUE"]
        return True

    # crm.duplicate.findbycomm

    def find_by_comm(self, params: Params) -> Any:
        spelled = _digits if params["type"] == "PHONE" else _folded
        wanted = {spelled(one) for one in params["values"][:FIND_MAX]}
        found = [
            one["id"]
            for one in self.items.values()
            if any(
                row["typeId"] == params["type"] and spelled(row["value"]) in wanted
                for row in one["fm"]
            )
        ]
        return {"CONTACT": found[:FIND_MAX]} if found else []

    # user.get

    def get_users(self, params: Params) -> Any:
        filter_ = params.get("FILTER") or {}
        ids = filter_.get("@ID")
        email = filter_.get("EMAIL")
        rows = [
            one
            for one in self.users
            if (ids is None or int(one["ID"]) in ids)
            and (email is None or _like(one["EMAIL"], email))
            and (not filter_.get("ACTIVE") or one["ACTIVE"])
        ]
        return listed(rows, params.get("start") or 0, lambda page: page)

    # crm.timeline.comment.*

    def add_comment(self, params: Params) -> Any:
        fields = params["fields"]
        if int(fields["ENTITY_ID"]) not in self.items:
            raise Refused("OWNER_NOT_FOUND", "Owner was not found")
        if not fields.get("COMMENT"):
            raise Refused("INVALID_ARG_VALUE", "Empty comment message")
        id_ = self.new_id()
        self.comments[id_] = {
            "ID": str(id_),
            "ENTITY_ID": str(fields["ENTITY_ID"]),
            "ENTITY_TYPE": fields["ENTITY_TYPE"],
            "CREATED": self.clock.text(),
            "COMMENT": fields["COMMENT"],
            "AUTHOR_ID": str(BOT),
        }
        return id_

    def update_comment(self, params: Params) -> Any:
        self._comment(params["id"])["COMMENT"] = params["fields"]["COMMENT"]
        return int(params["id"])

    def delete_comment(self, params: Params) -> Any:
        del self.comments[int(self._comment(params["id"])["ID"])]
        return True

    def list_comments(self, params: Params) -> Any:
        filter_ = params["filter"]
        rows = [
            one
            for one in self.comments.values()
            if one["ENTITY_ID"] == str(filter_["ENTITY_ID"])
            and one["ENTITY_TYPE"] == filter_["ENTITY_TYPE"]
        ]
        return listed(rows, params.get("start") or 0, lambda page: page)

    def _comment(self, id_: Any) -> dict[str, Any]:
        if int(id_) not in self.comments:
            raise Refused("NOT_FOUND", "Not found.")
        return self.comments[int(id_)]

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "crm.item.fields": self.fields,
            "crm.item.get": self.get,
            "crm.item.add": self.add,
            "crm.item.update": self.update,
            "crm.item.delete": self.delete,
            "crm.item.list": self.list_items,
            "crm.contact.update": self.update_contact,
            "crm.contact.userfield.list": self.list_user_fields,
            "crm.contact.userfield.update": self.update_user_field,
            "crm.duplicate.findbycomm": self.find_by_comm,
            "crm.timeline.comment.add": self.add_comment,
            "crm.timeline.comment.update": self.update_comment,
            "crm.timeline.comment.delete": self.delete_comment,
            "crm.timeline.comment.list": self.list_comments,
            "user.get": self.get_users,
        }


def _digits(phone: str) -> str:
    return "".join(one for one in phone if one.isdigit())


def _folded(email: str) -> str:
    return email.strip().lower()


def _like(have: str, pattern: str) -> bool:
    """As the database compares: whatever the case, "%" is anything."""
    if pattern.strip("%") != pattern:
        return pattern.strip("%").lower() in have.lower()
    return have.lower() == pattern.lower()
