"""Why a CRM did not do what it was asked; the class says what is to be done about it.

CrmError
  CrmAway         passing: no answer, 5xx, locked; nothing was done, or repeating is harmless
    CrmBusy       passing: a rate limit, until `retry_after_s` at least
  CrmUncertain    may have been carried out: look before repeating what is not idempotent
  AuthRefused     the credentials are dead: the connection waits for a person, no try is used up
  InvalidValue    final for the fields named, until they are edited
  RecordGone      the record was deleted or merged
  MappingBroken   the CRM does not know a field, or it is read-only: that field is switched off
"""

from collections.abc import Collection


class CrmError(Exception):
    """`code` is stable; `detail` is what the CRM said, without personal data where it can be told
    apart; `reference` its own id of the call, for its support.
    """

    code = "crm_error"

    def __init__(self, detail: str = "", *, reference: str | None = None) -> None:
        super().__init__(f"{self.code}: {detail}" if detail else self.code)
        self.detail = detail
        self.reference = reference


class CrmAway(CrmError):
    code = "crm_away"


class CrmBusy(CrmAway):
    code = "crm_busy"

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class CrmUncertain(CrmError):
    code = "crm_uncertain"


class AuthRefused(CrmError):
    code = "crm_auth_refused"


class InvalidValue(CrmError):
    """`fields` are those of the CRM that it names; empty when it does not say."""

    code = "crm_invalid_value"

    def __init__(
        self, detail: str = "", *, fields: Collection[str] = (), reference: str | None = None
    ) -> None:
        super().__init__(detail, reference=reference)
        self.fields = frozenset(fields)


class RecordGone(CrmError):
    """`into` is the record that it was merged into, where the CRM tells."""

    code = "crm_record_gone"

    def __init__(self, detail: str = "", *, into: str | None = None) -> None:
        super().__init__(detail)
        self.into = into


class MappingBroken(CrmError):
    code = "crm_mapping_broken"

    def __init__(self, detail: str = "", *, fields: Collection[str] = ()) -> None:
        super().__init__(detail)
        self.fields = frozenset(fields)
