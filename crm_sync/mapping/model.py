"""A mapping: pairs of our fields and the CRM's, and what may pass between them. Data, not code.

The same types are read from config.yaml, sent by admins and stored.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from inbox.config import Section
from inbox.customers.fields import STORED, attribute_key

Direction = Literal["push", "pull", "both"]
Transform = Literal["auto", "plain", "e164", "lower", "join", "html", "user", "tags"]
Clear = Literal["push", "keep"]
Conflict = Literal["inbox_wins", "crm_wins", "newest_wins"]

NAME = "name"
TAGS = "tag_ids"
PHONES = "phones"
EMAILS = "emails"
OWNER = "owner_id"
NOTE = "note"
WALL = "@notes"
"""In place of a field of the CRM: the notes on a record, of which one is ours."""
MAPPED = (PHONES, EMAILS, NOTE, TAGS, NAME, OWNER)
"""The paths of inbox/customers/fields.py that may be mapped, beside "attributes.<key>"."""

_TRANSFORMS: Mapping[str, tuple[Transform, ...]] = {
    PHONES: ("e164", "join", "plain"),
    EMAILS: ("lower", "join", "plain"),
    NOTE: ("plain", "html"),
    TAGS: ("tags", "join"),
    NAME: ("plain",),
    OWNER: ("user",),
}
"""What can be made of each field; e164, lower and plain send the first phone or e-mail address."""
_OF_ATTRIBUTES: tuple[Transform, ...] = ("plain", "html", "e164", "lower", "join", "tags")

MOST_FIELDS = 100
LONGEST_NAME = 200
"""Characters of a name of a field of the CRM."""


def _path(name: object) -> object:
    """People write "tags" and "owner", as they read them everywhere else."""
    return STORED.get(name, name) if isinstance(name, str) else name


def _tuple(value: object) -> object:
    """What comes from JSON or from the database is a list."""
    return tuple(value) if isinstance(value, list) else value


class FieldMap(Section):
    """One of our fields and the field of the CRM that is the same.

    `transform` "auto" goes by what the field is on both sides. `clear` "keep": an empty value
    never crosses, in either direction. The name goes to the CRM when a record is created, and
    never again. `pii` fields are shown to nobody who may not read contact data.
    """

    ours: Annotated[str, BeforeValidator(_path)] = Field(description="a path, see MAPPED")
    theirs: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="its name in the CRM; @notes for a note on the record",
    )
    direction: Direction = Field(default="push", description="push is from here to the CRM")
    transform: Transform = Field(default="auto", description="how the value is written there")
    clear: Clear = Field(default="push", description="whether emptying empties the other side")
    conflict: Conflict = Field(
        default="inbox_wins", description="who wins when both sides were changed differently"
    )
    pii: bool = Field(default=True, description="whether it tells who a person is")

    @model_validator(mode="after")
    def _can_be_mapped(self) -> Self:
        if self.ours not in MAPPED and attribute_key(self.ours) is None:
            known = "phones, emails, note, tags, name, owner, attributes.<key>"
            raise PydanticCustomError("crm_ours", "ours must be one of: {known}", {"known": known})
        takes = _TRANSFORMS.get(self.ours, _OF_ATTRIBUTES)
        if self.transform != "auto" and self.transform not in takes:
            raise PydanticCustomError(
                "crm_transform",
                "transform must be one of: {known}",
                {"known": ", ".join(("auto", *takes))},
            )
        if self.is_only_at_creation and self.direction != "push":
            raise PydanticCustomError("crm_name_pulled", "the name can only be pushed")
        if self.theirs == WALL and (self.ours != NOTE or self.direction != "push"):
            raise PydanticCustomError("crm_wall", "only the note can be pushed to @notes")
        return self

    @property
    def is_only_at_creation(self) -> bool:
        return self.ours == NAME

    @property
    def pushes(self) -> bool:
        return self.direction != "pull"

    @property
    def pulls(self) -> bool:
        return self.direction != "push"


class FieldMapping(Section):
    """The fields of one connection, in the order in which people see them.

    `version` grows with every change, so that whoever pushes knows by which one it did.
    """

    version: PositiveInt = 1
    fields: Annotated[tuple[FieldMap, ...], BeforeValidator(_tuple)] = Field(
        default=(), max_length=MOST_FIELDS
    )

    @model_validator(mode="after")
    def _is_clear(self) -> Self:
        refuse_twice(self.fields)
        return self

    def pushed_for(self, paths: Iterable[str]) -> tuple[FieldMap, ...]:
        """The fields that go to the CRM when these of ours were edited."""
        wanted = set(paths)
        return tuple(
            one
            for one in self.fields
            if one.ours in wanted and one.pushes and not one.is_only_at_creation
        )


def refuse_twice(fields: Iterable[FieldMap]) -> None:
    """Two sources of one field would overwrite each other for ever.

    Raises:
        PydanticCustomError: a field of the CRM is mapped twice, or one of ours is pulled twice.
    """
    every = list(fields)
    theirs = Counter(one.theirs for one in every)
    pulled = Counter(one.ours for one in every if one.pulls)
    for name, count in [*theirs.items(), *pulled.items()]:
        if count > 1:
            raise PydanticCustomError("crm_field_twice", "{name} is there twice", {"name": name})


def next_version(stored: FieldMapping | None, fields: Iterable[FieldMap]) -> FieldMapping:
    """The mapping of these fields: `stored` itself if they are the same, else a newer one."""
    every = tuple(fields)
    if stored is not None and stored.fields == every:
        return stored
    return FieldMapping(version=stored.version + 1 if stored is not None else 1, fields=every)
