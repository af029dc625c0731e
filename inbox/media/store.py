"""The collection `uploads`: names and types of stored files."""

from inbox.media.garbage.store import Pin, StoredObjects
from inbox.media.model import Upload
from inbox.mongo.client import Document, Mongo, Session


class UploadStore:
    """Uploads by id; an id is random, so that knowing one file tells nothing of another."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._uploads = mongo["uploads"]
        self.objects = StoredObjects(mongo)

    async def insert(self, upload: Upload, pin: Pin) -> None:
        """Keep an upload whose bytes are in place under `pin`.

        Raises:
            ObjectGone: they have been deleted again.
        """

        async def work(session: Session) -> None:
            await self._uploads.insert_one(_document(upload), session=session)
            await self.objects.refer([pin], session=session)

        await self._mongo.transaction(work)

    async def get(self, upload_id: str) -> Upload | None:
        document = await self._uploads.find_one({"_id": upload_id})
        return None if document is None else _upload(document)


def _document(upload: Upload) -> Document:
    return {
        "_id": upload.id,
        "kind": upload.kind,
        "name": upload.name,
        "size": upload.size,
        "mime": upload.mime,
        "sha256": upload.sha256,
        "staff_id": upload.staff_id,
        "at": upload.at,
    }


def _upload(document: Document) -> Upload:
    fields = dict(document)
    return Upload(id=fields.pop("_id"), **fields)
