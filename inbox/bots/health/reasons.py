"""Every reason why an account is not well, and what its admin should do about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same in both languages."""

    vi: str
    en: str


REPLIES_WAIT = Sentence(
    vi="Kênh này đang tạm ngừng gửi. Câu trả lời được giữ lại và sẽ tự gửi khi kênh hoạt động.",
    en="This channel cannot send at the moment. Replies wait and go out by themselves later.",
)
"""What those hear who can do nothing about it."""

_CONNECT_AGAIN = Sentence(
    vi="Nền tảng không còn chấp nhận khoá truy cập. Hãy kết nối lại tài khoản.",
    en="The platform does not accept the access token any more. Connect the account again.",
)

REASONS: Mapping[str, Sentence] = {
    "token_dead": _CONNECT_AGAIN,
    "refresh_refused": Sentence(
        vi="Zalo từ chối gia hạn khoá truy cập. Hãy kết nối lại OA.",
        en="Zalo refuses to renew the access token. Connect the OA again.",
    ),
    "token_lost": Sentence(
        vi="Khoá truy cập mới của Zalo bị mất khi đang lưu. Hãy kết nối lại OA.",
        en="Zalo's new access token was lost while it was being saved. Connect the OA again.",
    ),
    "no_refresh_token": Sentence(
        vi="Tài khoản chỉ có khoá truy cập ngắn hạn. Hãy kết nối lại OA để nó tự gia hạn.",
        en="There is only a short-lived token. Connect the OA again so that it renews itself.",
    ),
    "wrong_secret_key": Sentence(
        vi="Không mở được khoá truy cập đã lưu: INBOX__SECRET_KEY đã đổi. "
        "Hãy thêm lại khoá cũ hoặc kết nối lại tài khoản.",
        en="The stored token cannot be opened: INBOX__SECRET_KEY has changed. "
        "Add the old key again, or connect the account again.",
    ),
    "app_removed": Sentence(
        vi="OA đã gỡ quyền của ứng dụng. Hãy kết nối lại OA và chấp nhận quyền.",
        en="The OA has taken the app's permission away. Connect it again and grant it.",
    ),
    "user_removed_app": Sentence(
        vi="Người đã cấp quyền cho trang này vừa gỡ ứng dụng trên Facebook. Hãy kết nối lại trang.",
        en="Who gave permission for this page has removed the app. Connect the page again.",
    ),
    "permission_missing": Sentence(
        vi="Ứng dụng chưa có quyền pages_messaging cho trang này. Hãy kiểm tra App Review "
        "và kết nối lại với đủ quyền.",
        en="The app lacks pages_messaging for this page. Check its App Review, then connect "
        "the page again with every permission.",
    ),
    "account_blocked": Sentence(
        vi="Facebook đang hạn chế trang này. Hãy xem mục Chất lượng Trang và kháng nghị nếu cần.",
        en="Facebook restricts this page. Look at Page Quality and appeal if need be.",
    ),
    "app_misconfigured": Sentence(
        vi="Facebook từ chối chữ ký của ứng dụng. Hãy kiểm tra CHANNELS__FACEBOOK__APP_SECRETS.",
        en="Facebook refuses the app's signature. Check CHANNELS__FACEBOOK__APP_SECRETS.",
    ),
    "oa_unusable": Sentence(
        vi="Zalo OA bị khoá, chưa xác thực hoặc sai loại. Hãy kiểm tra OA tại oa.zalo.me.",
        en="The OA is banned, not verified or of the wrong type. Look at it on oa.zalo.me.",
    ),
    "app_unusable": Sentence(
        vi="Ứng dụng Zalo chưa bật hoặc chưa đăng ký API. Hãy kiểm tra tại developers.zalo.me.",
        en="The Zalo app is not active or has no API. Look at it on developers.zalo.me.",
    ),
    "app_refused": Sentence(
        vi="Zalo không chấp nhận ứng dụng. Hãy kiểm tra app id, app secret và trạng thái ứng dụng.",
        en="Zalo does not accept the app. Check its id, its secret and whether it is active.",
    ),
    "package_too_low": Sentence(
        vi="Gói dịch vụ của OA không cho phép gửi tin này. Hãy nâng gói tại oa.zalo.me.",
        en="The OA's package does not include this message. Raise it on oa.zalo.me.",
    ),
    "billing_needed": Sentence(
        vi="OA cần tài khoản Zalo Cloud (ZBS) còn số dư. Hãy nạp tiền tại account.zalo.cloud.",
        en="The OA needs a Zalo Cloud (ZBS) account with a balance. Top it up.",
    ),
    "refresh_token_ends": Sentence(
        vi="Quyền truy cập Zalo sắp hết hạn. Hãy kết nối lại OA trước ngày đó.",
        en="Zalo's consent ends soon. Connect the OA again before that day.",
    ),
    "token_ends": Sentence(
        vi="Khoá truy cập sắp hết hạn. Hãy kết nối lại tài khoản trước ngày đó.",
        en="The access token ends soon. Connect the account again before that day.",
    ),
    "data_access_ends": Sentence(
        vi="Quyền đọc dữ liệu sắp hết hạn. Hãy kết nối lại tài khoản trước ngày đó.",
        en="The permission to read data ends soon. Connect the account again before that day.",
    ),
    "account_unusable": _CONNECT_AGAIN,
}


def what_to_do(reason: str | None) -> Sentence:
    """For an admin; a word that nobody has a sentence for asks to connect again."""
    return REASONS.get(reason or "", _CONNECT_AGAIN)
