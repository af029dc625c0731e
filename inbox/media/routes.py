"""Uploads over HTTP: a multipart form in, the bytes back out as something no browser will run."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ConfigDict

from inbox.errors import BadRequest, FieldError, InvalidInput
from inbox.http.ranges import Content, RangeNotSatisfiable, send
from inbox.http.routing import Routes, json_answer, route
from inbox.media.garbage.writing import StorageBusy
from inbox.media.model import MediaKind
from inbox.media.naming import content_disposition, name_in_form
from inbox.media.uploads import EmptyUpload, UploadNotFound, Uploads, UploadTooLarge
from inbox.staff.model import Actor

FIELD = "file"
_CHUNK_BYTES = 64 * 1024
_FORM_OVERHEAD_BYTES = 64 * 1024
"""What boundaries and headers of a form may add to the file."""


class MalformedForm(BadRequest):
    """The body is not a complete multipart form."""

    code = "malformed_form"
    vi = "Tệp gửi lên bị thiếu hoặc hỏng, vui lòng gửi lại."
    en = "The upload is incomplete or broken, please send it again."


class FileMissing(InvalidInput):
    """The form has no field `file`."""

    code = "file_missing"
    vi = "Chưa chọn tệp."
    en = "No file was chosen."

    def __init__(self) -> None:
        super().__init__([FieldError(FIELD, self.code, vi=self.vi, en=self.en)])


class UploadView(BaseModel):
    """A stored upload. `size` in bytes; `mime` is what the bytes are, not what was claimed."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: MediaKind
    name: str
    size: int
    mime: str


_BROKEN_FORM = (ValueError, AssertionError, HttpProcessingError)
"""What aiohttp raises while it reads a form that is none, or whose headers are broken."""


class UploadRoutes(Routes):
    """Files that staff send, and the way to see them again."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    @route(
        "POST",
        "/api/v1/uploads",
        access="staff",
        tag="uploads",
        status=201,
        answer=UploadView,
        request_media_type="multipart/form-data",
        problems=(UploadTooLarge, EmptyUpload, MalformedForm, StorageBusy),
    )
    async def upload(self, request: web.Request, actor: Actor) -> web.StreamResponse:
        """Keep a file, to be sent with a message."""
        longest = self._uploads.max_bytes + _FORM_OVERHEAD_BYTES
        if (request.content_length or 0) > longest:
            raise UploadTooLarge(self._uploads.max_bytes)
        part = await _file_part(request)
        name = name_in_form(part.filename)
        upload = await self._uploads.keep(_chunks(part), name=name, staff_id=actor.id)
        return json_answer(UploadView.model_validate(upload), status=HTTPStatus.CREATED)

    @route(
        "GET",
        "/api/v1/uploads/{upload_id}",
        access="staff",
        tag="uploads",
        media_type="application/octet-stream",
        problems=(UploadNotFound, RangeNotSatisfiable),
    )
    async def download(self, request: web.Request, upload_id: str) -> web.StreamResponse:
        """The bytes of an upload, whole or a range of them."""
        upload = await self._uploads.get(upload_id)

        async def open_part(start: int, end: int) -> AsyncIterator[bytes]:
            return await self._uploads.open(upload, start, end)

        disposition = content_disposition(upload.name, inline=upload.kind != "file")
        return await send(
            request,
            Content(
                etag=upload.sha256,
                size=upload.size,
                mime=upload.mime,
                disposition=disposition,
                cache="private, max-age=86400, immutable",
                open=open_part,
            ),
        )


async def _file_part(request: web.Request) -> BodyPartReader:
    """The form's field `file`; fields before it are passed over.

    Raises:
        MalformedForm: the body is not a multipart form, or ends too soon.
        FileMissing: there is no such field.
    """
    if request.content_type != "multipart/form-data":
        raise MalformedForm
    try:
        form = await request.multipart()
        while (part := await form.next()) is not None:
            if isinstance(part, MultipartReader):
                raise MalformedForm
            if part.name == FIELD:
                return part
    except _BROKEN_FORM as error:
        raise MalformedForm from error
    raise FileMissing


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    """The bytes of the file. An empty chunk is not its end: only the next boundary is.

    Raises:
        MalformedForm: the body ends before the boundary.
    """
    try:
        while not part.at_eof():
            if chunk := await part.read_chunk(_CHUNK_BYTES):
                yield chunk
    except _BROKEN_FORM as error:
        raise MalformedForm from error
