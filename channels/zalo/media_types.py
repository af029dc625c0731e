"""Which MIME type a file extension means, and which kind of attachment that is.

A table of our own, because the one of the standard library depends on the machine's files.
"""

from inbox.conversations.model import AttachmentKind

_KINDS: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}

_MIME_TYPES = {
    "aac": "audio/aac",
    "amr": "audio/amr",
    "avi": "video/x-msvideo",
    "bmp": "image/bmp",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "m4a": "audio/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rar": "application/vnd.rar",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def mime_of_extension(extension: str) -> str | None:
    """The MIME type of a lower-case extension without its dot, or None."""
    return _MIME_TYPES.get(extension)


def kind_of_mime(mime: str | None) -> AttachmentKind:
    """image, video and audio by their main type; anything else is a file."""
    return _KINDS.get((mime or "").partition("/")[0], "file")
