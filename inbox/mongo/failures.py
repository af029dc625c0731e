"""Which failures of the database are passing, so that a caller may be asked to come again."""

from pymongo.errors import ConnectionFailure, PyMongoError, WTimeoutError

_PASSING_LABELS = ("TransientTransactionError", "RetryableWriteError")


def is_passing(error: BaseException) -> bool:
    """Whether `error` says that the database is slow or away, not that the command was wrong."""
    if not isinstance(error, PyMongoError):
        return False
    return (
        error.timeout
        or isinstance(error, ConnectionFailure | WTimeoutError)
        or any(error.has_error_label(label) for label in _PASSING_LABELS)
    )
