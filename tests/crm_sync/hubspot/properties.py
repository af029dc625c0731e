"""Properties of the pretended HubSpot: those it comes with, and what values they take."""

import re
from collections.abc import Mapping
from typing import Any

from tests.crm_sync.hubspot.refusals import Problem, bad_request, problem

TEXT_MAX = 65_536
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_EMAIL = re.compile(r"[^@\s;]+@[^@\s;]+\.[^@\s;]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Property = dict[str, Any]


def made(name: str, type_: str, field_type: str, **more: Any) -> Property:
    """A property as its metadata tell it."""
    rights = {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False}
    rights |= more.pop("rights", {})
    return {
        "name": name,
        "label": more.pop("label", name),
        "type": type_,
        "fieldType": field_type,
        "description": "",
        "groupName": "contactinformation",
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": False,
        "modificationMetadata": rights,
        "formField": False,
        **more,
    }


def option(label: str, value: str) -> dict[str, Any]:
    return {"label": label, "value": value, "displayOrder": -1, "hidden": False}


def defaults() -> dict[str, Property]:
    """A few of the hundreds that every account has."""
    frozen = {"readOnlyValue": True, "readOnlyDefinition": True}
    own: dict[str, Any] = {"hubspotDefined": True}
    found = [
        made("firstname", "string", "text", label="First name", **own),
        made("lastname", "string", "text", label="Last name", **own),
        made("email", "string", "text", label="Email", **own),
        made("work_email", "string", "text", label="Work email", **own),
        made("hs_additional_emails", "enumeration", "checkbox", rights=frozen, **own),
        made("phone", "string", "phonenumber", label="Phone number", **own),
        made("mobilephone", "string", "phonenumber", label="Mobile phone", **own),
        made("birthday", "date", "date", **own),
        made("annual_points", "number", "number", label="Points"),
        made("createdate", "datetime", "date", rights=frozen, **own),
        made("lastmodifieddate", "datetime", "date", rights=frozen, **own),
        made("hs_object_id", "number", "number", rights=frozen, **own),
        made("hs_searchable_calculated_phone_number", "string", "text", hidden=True, **own),
        made(
            "hubspot_owner_id",
            "enumeration",
            "select",
            label="Contact owner",
            externalOptions=True,
            referencedObjectType="OWNER",
            **own,
        ),
    ]
    return {one["name"]: one for one in found}


def define(body: Mapping[str, Any]) -> Property:
    """A new property, as somebody asks for it. Raises Refused."""
    required = ("name", "label", "type", "fieldType", "groupName")
    if missing := [name for name in required if not body.get(name)]:
        raise bad_request(f"Some required fields were not set: {missing}")
    if not _NAME.fullmatch(body["name"]):
        raise bad_request("Property names start with a letter and hold a-z, 0-9 and _")
    checked_options(body.get("options") or [])
    more = {name: value for name, value in body.items() if name not in required[:1]}
    return made(body["name"], more.pop("type"), more.pop("fieldType"), **more)


def checked_options(options: list[Mapping[str, Any]]) -> None:
    """Labels and values are each unique, whatever their case. Raises Refused."""
    for part in ("label", "value"):
        seen = [str(one[part]).casefold() for one in options]
        if len(set(seen)) != len(seen):
            raise bad_request(f"Property option {part}s must be unique")
    for one in options:
        if ";" in one["value"] or not one["label"].strip():
            raise bad_request("Property option values may not contain a semicolon")


def wrong(definition: Property | None, name: str, value: str) -> Problem | None:
    """What is the matter with a value, if anything."""
    if definition is None:
        return problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition["modificationMetadata"]["readOnlyValue"]:
        return problem(name, "READ_ONLY_VALUE", f'"{name}" is a read only property')
    return (_of_text(name, value) or _of_type(definition, value)) if value else None


def _of_text(name: str, value: str) -> Problem | None:
    if "\0" in value:
        return problem(name, "INVALID_STRING", f"{value} has a NUL")
    if len(value) > TEXT_MAX:
        return problem(name, "VALUE_TOO_LONG", f"{value[:20]}… is too long")
    if name == "email" and not _EMAIL.fullmatch(value):
        return problem(name, "INVALID_EMAIL", f"Email address {value} is invalid")
    return None


def _of_type(definition: Property, value: str) -> Problem | None:
    name, type_ = definition["name"], definition["type"]
    if type_ == "number" and not _NUMBER.fullmatch(value):
        return problem(name, "INVALID_NUMBER", f"{value} was not a valid number.")
    if type_ == "date" and not _DATE.fullmatch(value):
        return problem(name, "INVALID_DATE", f"{value} was not a valid date.")
    if type_ != "enumeration" or definition["externalOptions"]:
        return None
    values = value.split(";") if definition["fieldType"] == "checkbox" else [value]
    options = [one["value"] for one in definition["options"]]
    if strange := [one for one in values if one not in options]:
        message = f"{strange[0]} was not one of the allowed options: {options}"
        return problem(name, "INVALID_OPTION", message)
    return None
