"""Tags over HTTP: the catalogue, and the tags of a customer."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor
from inbox.tags.model import (
    Colour,
    Tag,
    TagCreationNotAllowed,
    TagInUse,
    TagName,
    TagNameEmpty,
    TagRetired,
    TagTaken,
    TooManyTags,
)
from inbox.tags.service import TagEdit, TagService

Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=5000)]


class TagView(BaseModel):
    """A tag of the catalogue; `usage` counts customers, where it was asked for."""

    id: str
    name: str
    colour: Colour
    retired: bool
    usage: int | None = None


class TagsView(BaseModel):
    """The catalogue in its order; `may_create`: whether one may add to it."""

    items: list[TagView]
    may_create: bool


class NewTagBody(Body):
    """A tag that is to be added; without a colour it gets one."""

    name: TagName
    colour: Colour | None = None


class TagEditBody(Body):
    """What is to change; absent leaves as it is."""

    name: TagName | None = None
    colour: Colour | None = None
    retired: bool | None = None


class OrderBody(Body):
    """Every tag of the catalogue in its new order."""

    ids: Ids


class AttachBody(Body):
    """Either the id of a tag, or a name: a tag of that name is found or made."""

    name: TagName | None = None
    tag_id: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _one_of_them(self) -> "AttachBody":
        if (self.name is None) == (self.tag_id is None):
            raise ValueError("send either name or tag_id")
        return self


class AttachedView(BaseModel):
    """What attaching did: `created` a tag, or the customer had it (`attached` false)."""

    tag: TagView
    created: bool
    attached: bool


class TagRoutes(Routes):
    """Everybody attaches tags; leaders look after the catalogue."""

    def __init__(self, service: TagService) -> None:
        self._service = service

    @route("GET", "/api/v1/tags", access="staff", tag="tags")
    async def catalogue(self, actor: Actor, usage: bool = False) -> TagsView:
        """Every tag in order, retired ones too; with `usage=true` how many customers have it."""
        tags = await self._service.store.all()
        counts = await self._service.store.usage([tag.id for tag in tags]) if usage else {}
        return TagsView(
            items=[tag_view(tag, counts.get(tag.id)) for tag in tags],
            may_create=self._service.may_create(actor),
        )

    @route(
        "POST",
        "/api/v1/tags",
        access="staff",
        tag="tags",
        status=201,
        problems=(TagCreationNotAllowed, TagTaken, TagNameEmpty),
    )
    async def create(self, actor: Actor, body: NewTagBody) -> TagView:
        """Add a tag to the catalogue."""
        return tag_view(await self._service.create(body.name, body.colour, actor))

    @route(
        "PATCH",
        "/api/v1/tags/{tag_id}",
        access="manager",
        tag="tags",
        problems=(TagTaken, TagNameEmpty),
    )
    async def edit(self, actor: Actor, tag_id: str, body: TagEditBody) -> TagView:
        """Rename, colour, retire or bring back a tag, everywhere at once."""
        edit = TagEdit(name=body.name, colour=body.colour, retired=body.retired)
        return tag_view(await self._service.edit(tag_id, edit, actor))

    @route("POST", "/api/v1/tags/order", access="manager", tag="tags", status=200)
    async def order(self, actor: Actor, body: OrderBody) -> TagsView:
        """Put the catalogue in this order."""
        tags = await self._service.order(body.ids, actor)
        return TagsView(
            items=[tag_view(tag) for tag in tags], may_create=self._service.may_create(actor)
        )

    @route("DELETE", "/api/v1/tags/{tag_id}", access="manager", tag="tags", problems=(TagInUse,))
    async def delete(self, actor: Actor, tag_id: str, usage: int = 0) -> None:
        """Delete a tag and detach it everywhere.

        `usage` is the number of customers that was shown and confirmed: 409 with the current
        number when it is higher by now.
        """
        await self._service.delete(tag_id, usage, actor)

    @route(
        "POST",
        "/api/v1/customers/{customer_id}/tags",
        access="staff",
        tag="customers",
        problems=(
            NotAllowed,
            NotFound,
            TagCreationNotAllowed,
            TagNameEmpty,
            TagRetired,
            TooManyTags,
        ),
    )
    async def attach(self, actor: Actor, customer_id: str, body: AttachBody) -> AttachedView:
        """Attach a tag, made first if there is none of that name. Safe to repeat."""
        if body.tag_id is not None:
            done = await self._service.attach(customer_id, body.tag_id, actor)
        else:
            done = await self._service.attach_by_name(customer_id, body.name or "", actor)
        return AttachedView(
            tag=tag_view(done.tag), created=done.is_new, attached=not done.was_there
        )

    @route(
        "DELETE",
        "/api/v1/customers/{customer_id}/tags/{tag_id}",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def detach(self, actor: Actor, customer_id: str, tag_id: str) -> None:
        """Detach a tag. Safe to repeat."""
        await self._service.detach(customer_id, tag_id, actor)


def tag_view(tag: Tag, usage: int | None = None) -> TagView:
    return TagView(id=tag.id, name=tag.name, colour=tag.colour, retired=tag.is_retired, usage=usage)
