"""The catalogue of attributes over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from inbox.customers.attributes.model import (
    MOST_OPTIONS,
    Attribute,
    AttributeBuiltIn,
    AttributeInUse,
    AttributeKeyTaken,
    AttributeType,
    Label,
    Option,
    TooManyAttributes,
)
from inbox.customers.attributes.service import AttributeService, NewAttribute
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor

Words = Annotated[str, Field(max_length=100, pattern=r"\S")]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Max = Annotated[float, Field(ge=1, le=10_000_000_000)]


class LabelBody(Body):
    """What people read, in both languages."""

    vi: Words
    en: Words


class OptionBody(Body):
    """One value that may be chosen."""

    value: Words
    label: LabelBody


Options = Annotated[list[OptionBody], Field(max_length=MOST_OPTIONS)]


class NewAttributeBody(Body):
    """An attribute that is to be added; `key` and `type` stay what they are for good."""

    key: Key
    label: LabelBody
    type: AttributeType
    required: bool = False
    options: Annotated[Options, Field(default_factory=list)]
    max: Max | None = None


class AttributeEditBody(Body):
    """What is to change; absent leaves as it is. `max: null` takes the limit away."""

    label: LabelBody | None = None
    required: bool | None = None
    options: Options | None = None
    max: Max | None = None
    retired: bool | None = None


class AttributeOrderBody(Body):
    """Every attribute of the catalogue in its new order."""

    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]


class LabelView(BaseModel):
    vi: str
    en: str


class OptionView(BaseModel):
    value: str
    label: LabelView


class AttributeView(BaseModel):
    """An attribute of customers. `max`: characters of a text, the largest number, or how many
    options may be chosen.
    """

    id: str
    key: str
    label: LabelView
    type: AttributeType
    required: bool
    position: int
    options: list[OptionView]
    max: float | None
    builtin: bool
    retired: bool


class AttributesView(BaseModel):
    """The catalogue in its order."""

    items: list[AttributeView]


class AttributeRoutes(Routes):
    """Everybody reads the catalogue; admins look after it."""

    def __init__(self, service: AttributeService) -> None:
        self._service = service

    @route("GET", "/api/v1/attributes", access="staff", tag="attributes")
    async def catalogue(self) -> AttributesView:
        """What is kept about customers, retired attributes too."""
        return _view(await self._service.store.all())

    @route(
        "POST",
        "/api/v1/attributes",
        access="admin",
        tag="attributes",
        status=201,
        problems=(AttributeKeyTaken, TooManyAttributes),
    )
    async def create(self, actor: Actor, body: NewAttributeBody) -> AttributeView:
        """Add an attribute."""
        new = NewAttribute(
            key=body.key,
            label=_label(body.label),
            type=body.type,
            required=body.required,
            options=_options(body.options),
            max=body.max,
        )
        return attribute_view(await self._service.create(new, actor))

    @route("PATCH", "/api/v1/attributes/{attribute_id}", access="admin", tag="attributes")
    async def edit(self, actor: Actor, attribute_id: str, body: AttributeEditBody) -> AttributeView:
        """Change an attribute, retire it or bring it back.

        Values that customers have stay, also those that are no option any more.
        """
        changes: dict[str, object] = {}
        if body.label is not None:
            changes["label"] = _label(body.label)
        if body.required is not None:
            changes["required"] = body.required
        if body.options is not None:
            changes["options"] = _options(body.options)
        if "max" in body.model_fields_set:
            changes["max"] = body.max
        edited = await self._service.edit(attribute_id, changes, retired=body.retired, actor=actor)
        return attribute_view(edited)

    @route("POST", "/api/v1/attributes/order", access="admin", tag="attributes", status=200)
    async def order(self, actor: Actor, body: AttributeOrderBody) -> AttributesView:
        """Put the catalogue in this order."""
        return _view(await self._service.order(body.ids, actor))

    @route(
        "DELETE",
        "/api/v1/attributes/{attribute_id}",
        access="admin",
        tag="attributes",
        problems=(AttributeBuiltIn, AttributeInUse),
    )
    async def delete(self, actor: Actor, attribute_id: str) -> None:
        """Delete a retired attribute that no customer has a value of."""
        await self._service.delete(attribute_id, actor)


def _label(body: LabelBody) -> Label:
    return Label(body.vi.strip(), body.en.strip())


def _options(bodies: list[OptionBody]) -> tuple[Option, ...]:
    return tuple(Option(one.value.strip(), _label(one.label)) for one in bodies)


def _view(attributes: list[Attribute]) -> AttributesView:
    return AttributesView(items=[attribute_view(one) for one in attributes])


def attribute_view(attribute: Attribute) -> AttributeView:
    return AttributeView(
        id=attribute.id,
        key=attribute.key,
        label=LabelView(vi=attribute.label.vi, en=attribute.label.en),
        type=attribute.type,
        required=attribute.required,
        position=attribute.position,
        options=[
            OptionView(value=one.value, label=LabelView(vi=one.label.vi, en=one.label.en))
            for one in attribute.options
        ],
        max=attribute.max,
        builtin=attribute.builtin,
        retired=attribute.is_retired,
    )
