"""Which failures of the database are passing, so that a caller may be asked to come again."""

from pymongo.errors import ConnectionFailure, PyMongoError, WTimeoutError


def is_passing(error: BaseException) -> bool:
    """Whether `error` says that the database is slow or away, not that the command was wrong."""
    return isinstance(error, PyMongoError) and (
        error.timeout or isinstance(error, ConnectionFailure | WTimeoutError)
    )
