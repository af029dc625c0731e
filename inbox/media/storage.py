"""Which object store files and copies are in, as the settings say."""

from datetime import timedelta
from pathlib import Path

from obstore.store import S3Store

from inbox.config import StorageConfig
from inbox.media.files import MediaFiles

_S3_PART_BYTES = 5 * 1024 * 1024
"""The smallest part of a multipart upload, but for the last.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""
_TIMEOUT = timedelta(seconds=60)
_CONNECT_TIMEOUT = timedelta(seconds=5)


def media_files(config: StorageConfig, folder: Path) -> MediaFiles:
    """The files of this installation; `folder` is where they are unless S3 is set."""
    if config.kind == "folder":
        return MediaFiles.in_folder(folder)
    assert config.bucket is not None, "checked by the settings"
    assert config.access_key_id is not None, "checked by the settings"
    assert config.secret_access_key is not None, "checked by the settings"
    endpoint = config.endpoint or f"https://s3.{config.region}.amazonaws.com"
    store = S3Store(
        config.bucket,
        prefix=config.prefix,
        endpoint=endpoint,
        region=config.region,
        access_key_id=config.access_key_id,
        secret_access_key=config.secret_access_key.get_secret_value(),
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "timeout": _TIMEOUT,
            "connect_timeout": _CONNECT_TIMEOUT,
        },
    )
    return MediaFiles(store, part_bytes=_S3_PART_BYTES)
