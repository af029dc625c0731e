"""What Zalo's error numbers mean for a message: final, passing, or the account's own trouble.

Zalo answers HTTP 200 with `{"error": <number>, "message": ...}`; the number decides, its text is
not stable. Source: https://developers.zalo.me/docs/official-account/phu-luc/ma-loi
"""

from collections.abc import Mapping

from channels.zalo.limits import QUOTA_PAUSE, RATE_PAUSE
from inbox.ports import AccountUnusable, SendError, SendRefused, SendUnavailable, WindowClosed


class MessageInvalid(SendRefused):
    code = "message_invalid"
    vi = "Zalo không chấp nhận nội dung tin nhắn này."
    en = "Zalo does not accept the content of this message."


class MessageTooLarge(SendRefused):
    code = "message_too_large"
    vi = "Tin nhắn hoặc tệp vượt quá giới hạn của Zalo."
    en = "The message or its file is beyond Zalo's limits."


class KindNotTaken(SendRefused):
    code = "kind_not_taken"
    vi = "Zalo không hỗ trợ loại tin nhắn này."
    en = "Zalo does not take this kind of message."


class AgainstPolicy(SendRefused):
    code = "against_policy"
    vi = "Nội dung vi phạm chính sách của Zalo."
    en = "The content is against Zalo's policy."


class AttachmentExpired(SendRefused):
    code = "attachment_expired"
    vi = "Tệp đính kèm trên Zalo đã hết hạn, vui lòng gửi lại."
    en = "The attachment has expired at Zalo, please send it again."


class NotFollowing(SendRefused):
    code = "recipient_not_following"
    vi = "Khách chưa quan tâm Zalo OA nên không nhận được tin nhắn."
    en = "The customer does not follow the OA and cannot be written to."


class RecipientRefuses(SendRefused):
    code = "recipient_refuses"
    vi = "Khách đã chặn hoặc hạn chế loại tin nhắn này từ Zalo OA."
    en = "The customer blocks or restricts this kind of message from the OA."


class RecipientFull(SendRefused):
    code = "recipient_quota"
    vi = "Khách đã nhận đủ số tin nhắn mà Zalo cho phép."
    en = "The customer has received as many messages as Zalo allows."


class RecipientAway(SendRefused):
    code = "recipient_inactive"
    vi = "Tài khoản Zalo của khách bị khóa hoặc không hoạt động hơn 45 ngày."
    en = "The customer's Zalo account is banned or was not used for 45 days."


class NotAtNight(SendRefused):
    code = "not_at_night"
    vi = "Zalo không cho gửi loại tin này từ 22 giờ đến 6 giờ."
    en = "Zalo does not take this kind of message between 10 p.m. and 6 a.m."


class GroupClosed(SendRefused):
    code = "group_closed"
    vi = "Nhóm Zalo này đã bị tắt, hết hạn, hoặc không còn OA trong nhóm."
    en = "This Zalo group is disabled or expired, or the OA is not in it any more."


class TokenDead(AccountUnusable):
    code = "token_dead"
    vi = "Zalo OA cần được kết nối lại; tin nhắn đang chờ."
    en = "The Zalo OA must be connected again; the message is waiting."


class OaUnusable(AccountUnusable):
    code = "oa_unusable"
    health = "blocked"
    vi = "Zalo OA không dùng được (bị khóa, chưa xác thực hoặc sai loại); tin nhắn đang chờ."
    en = "The Zalo OA is banned, not verified or of the wrong type; the message is waiting."


class AppRemoved(AccountUnusable):
    code = "app_removed"
    vi = "Zalo OA đã gỡ quyền của ứng dụng, cần kết nối lại; tin nhắn đang chờ."
    en = "The OA has taken the app's permission away and must be connected again; it waits."


class AppUnusable(AccountUnusable):
    code = "app_unusable"
    health = "blocked"
    vi = "Ứng dụng Zalo chưa được bật hoặc cấu hình đúng; tin nhắn đang chờ."
    en = "The Zalo app is not active or not set up correctly; the message is waiting."


class PackageTooLow(AccountUnusable):
    code = "package_too_low"
    health = "blocked"
    vi = "Gói dịch vụ của Zalo OA không cho phép gửi tin này; tin nhắn đang chờ."
    en = "The OA's package does not include this message; the message is waiting."


class BillingNeeded(AccountUnusable):
    code = "billing_needed"
    health = "blocked"
    vi = "Zalo OA cần tài khoản Zalo Cloud (ZBS) còn số dư để gửi tin; tin nhắn đang chờ."
    en = "The OA needs a Zalo Cloud (ZBS) account with a balance; the message is waiting."


class RateLimited(SendUnavailable):
    code = "rate_limited"


DEAD_TOKEN_NUMBERS = frozenset({-216, 216, -220, -401, 401, -124})
"""The access token is invalid, expired or removed: worth one refresh and one retry.
216 and 401 were seen with either sign."""

FAILURES: Mapping[int, type[SendError]] = {
    **dict.fromkeys(DEAD_TOKEN_NUMBERS, TokenDead),
    -204: OaUnusable,
    -205: OaUnusable,
    -209: AppUnusable,
    -212: AppUnusable,
    -219: AppRemoved,
    -221: OaUnusable,
    -223: AppRemoved,
    -224: PackageTooLow,
    -235: OaUnusable,
    -242: AppUnusable,
    -320: BillingNeeded,
    -321: BillingNeeded,
    -213: NotFollowing,
    -217: RecipientRefuses,
    -218: RecipientFull,
    -222: RecipientAway,
    -227: RecipientAway,
    -244: RecipientRefuses,
    -230: WindowClosed,
    -232: WindowClosed,
    -305: WindowClosed,
    -311: WindowClosed,
    -201: MessageInvalid,
    -210: MessageTooLarge,
    -233: KindNotTaken,
    -234: NotAtNight,
    -248: AgainstPolicy,
    -100: AttachmentExpired,
    -155: AttachmentExpired,
    -240: KindNotTaken,
    -249: KindNotTaken,
    -237: GroupClosed,
    -238: GroupClosed,
    -241: GroupClosed,
    -403: GroupClosed,
    -32: RateLimited,
    -200: SendUnavailable,
    -211: SendUnavailable,
    -214: SendUnavailable,
}
"""By number. What is not here is SendRefused: Zalo did not take it and says why."""

_PAUSES_S = {-32: RATE_PAUSE.total_seconds(), -211: QUOTA_PAUSE.total_seconds()}
_REASON_MOST = 200


def failure_of(number: int, message: str = "") -> SendError:
    """The error of an answer whose `error` is `number`; `message` is Zalo's own sentence.

    Of an account's trouble the reason is our code, a stable word for its health.
    """
    kind = FAILURES.get(number, SendRefused)
    reason = kind.code if issubclass(kind, AccountUnusable) else message[:_REASON_MOST]
    if issubclass(kind, SendUnavailable):
        pause_s = _PAUSES_S.get(number)
        return kind(reason, retry_after_s=pause_s, platform_code=str(number))
    return kind(reason, platform_code=str(number))
