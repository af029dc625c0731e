"""What an edit of a customer may contain, checked and put into its stored spelling."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from email_validator import EmailNotValidError, validate_email

from inbox.customers.fields import ATTRIBUTES, STORED
from inbox.customers.model import CustomerNameReadOnly
from inbox.customers.phones import phones_in
from inbox.errors import FieldErrors
from inbox.text import printable


def checked(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were sent by their paths: E.164 phones, lower-case e-mail domains.

    Whether attributes and people may be what they are is for EditChecks to say.

    Raises:
        CustomerNameReadOnly: a name was sent, whatever its value.
        InvalidInput: something is no phone number or no address.
    """
    if "name" in sent:
        raise CustomerNameReadOnly
    errors = FieldErrors()
    fields: dict[str, Any] = {}
    for name, value in sent.items():
        if name == ATTRIBUTES:  # their types are the catalogue's, so the store checks them
            fields |= {f"{ATTRIBUTES}.{key}": one for key, one in value.items()}
        else:
            fields[STORED.get(name, name)] = _SPELLINGS[name](value, errors)
    errors.raise_if_any()
    return fields


def _phones(texts: Sequence[str], errors: FieldErrors) -> list[str]:
    numbers: list[str] = []
    for index, text in enumerate(texts):
        found = phones_in(text)
        if not found:
            errors.add(
                f"phones.{index}",
                "invalid_phone",
                vi="Số điện thoại không hợp lệ.",
                en="This is not a valid phone number.",
            )
        numbers.extend(found)
    return list(dict.fromkeys(numbers))


def _emails(texts: Sequence[str], errors: FieldErrors) -> list[str]:
    addresses: list[str] = []
    for index, text in enumerate(texts):
        try:
            valid = validate_email(text.strip(), check_deliverability=False)
        except EmailNotValidError:
            errors.add(
                f"emails.{index}",
                "invalid_email",
                vi="Địa chỉ email không hợp lệ.",
                en="This is not a valid e-mail address.",
            )
        else:
            addresses.append(valid.normalized)
    return list(dict.fromkeys(addresses))


def _note(text: str, _: FieldErrors) -> str:
    return printable(text)


_SPELLINGS: dict[str, Callable[[Any, FieldErrors], Any]] = {
    "phones": _phones,
    "emails": _emails,
    "note": _note,
    "owner": lambda staff_id, _: staff_id or None,
    "followers": lambda staff_ids, _: list(dict.fromkeys(staff_ids)),
}
