"""The errors of the Zalo OpenAPI: HTTP 200 with a negative number.

Source: https://developers.zalo.me/docs/official-account/phu-luc/ma-loi
"""

from typing import Any, ClassVar

from app.demo.exchange import Refused
from app.demo.faults import Refusal

_MESSAGES = {
    -32: "Your application reached limit call api",
    -100: "Attachment id is invalid or expired",
    -200: "Send message failed",
    -201: "Parameter is invalid",
    -204: "Official Account is disabled",
    -205: "Official Account is not exist",
    -209: "Application has been disabled",
    -210: "Parameter is over limit",
    -211: "Quota has been exceeded",
    -212: "Application has not been registered with this api",
    -213: "User has not followed this Official Account",
    -214: "Article is being processed",
    -216: "Access token is invalid",
    -217: "User has blocked invitation",
    -218: "User receive quota has been exceeded",
    -219: "Application has been removed",
    -220: "access_token is expired or removed",
    -221: "Official Account has not been verified",
    -223: "Official Account has not authorized this application",
    -224: "Official Account package is too low",
    -227: "User is banned or has been inactive for more than 45 days",
    -230: "User has not interacted with the OA in the past 7 days",
    -232: "User has not interacted with the OA",
    -233: "Message type is not supported",
    -234: "This message can not be sent at night",
    -235: "This API does not support this type of OA",
    -237: "Group has expired",
    -238: "Asset has been used",
    -240: "This version of API has been closed",
    -242: "appsecret_proof is invalid",
    -244: "User has restricted this type of message",
    -248: "Message is against the policy",
    -249: "Template does not support sending by user id",
    -320: "Your app needs to be linked to a Zalo Cloud Account",
    -321: "Zalo Cloud Account has run out of money",
    -403: "Official Account is not in this group",
}


class ZaloError(Refused):
    """`number` is what callers branch on; the text is for people."""

    def __init__(self, number: int, message: str | None = None) -> None:
        super().__init__(number)
        self.number = number
        self._message = message or _MESSAGES.get(number, "Error")

    @classmethod
    def of(cls, refusal: Refusal) -> "ZaloError":
        return cls(refusal.code, refusal.message)

    def body(self) -> dict[str, Any]:
        return {"error": self.number, "message": self._message}


class OAuthError(Refused):
    """An error of the token endpoint: HTTP 200 too, and not always with a number."""

    _NAMES: ClassVar = {
        -14002: "Application is not active",
        -14003: "Invalid redirect uri",
        -14014: "Invalid refresh token",
        -14029: "Application is not approved",
        -118: "Invalid grant",
    }

    def __init__(self, number: int, reason: str = "") -> None:
        super().__init__(number)
        self.number = number
        self._name = self._NAMES.get(number, "Invalid request")
        self._reason = reason

    def body(self) -> dict[str, Any]:
        return {
            "error_name": self._name,
            "error_reason": self._reason,
            "ref_doc": "https://developers.zalo.me/docs/official-account/",
            "error_description": self._name,
            "error": self.number,
        }
