"""Which failures of the database are passing, so that a caller may be asked to come again."""

from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError, WTimeoutError

_PASSING_LABELS = (
    "TransientTransactionError",
    "RetryableWriteError",
    "UnknownTransactionCommitResult",
)
_PASSING_CODES = frozenset(
    {
        11601,  # Interrupted: somebody ended the operation
        290,  # TransactionExceededLifetimeLimitSeconds
        14031,  # OutOfDiskSpace
        13,  # Unauthorized: rights or a password are being changed
        18,  # AuthenticationFailed
        391,  # ReauthenticationRequired
        211,  # KeyNotFound: a server that has just started cannot check our cluster time yet
    }
)
"""Nothing is wrong with the command; the driver does not label these."""


def is_passing(error: BaseException) -> bool:
    """Whether `error` says that the database is slow or away, not that the command was wrong."""
    if not isinstance(error, PyMongoError):
        return False
    return (
        error.timeout
        or isinstance(error, ConnectionFailure | WTimeoutError)
        or any(error.has_error_label(label) for label in _PASSING_LABELS)
        or (isinstance(error, OperationFailure) and error.code in _PASSING_CODES)
    )
