"""What can go wrong while an account is connected; the codes are kept as a flow's reason."""

from inbox.errors import Conflict, FieldError, InboxError, InvalidInput, NotAllowed, NotFound
from inbox.errors import Unavailable as PassingTrouble


class FlowOver(NotFound):
    """The flow is unknown, too old, or another person's."""

    code = "connect_flow_over"
    vi = "Lần kết nối này đã hết hạn. Hãy bắt đầu lại từ trang cài đặt."
    en = "This connection attempt is over. Please start again from the settings."


class WrongBrowser(NotAllowed):
    """The dialog's answer came to a browser in which nobody, or somebody else, is signed in."""

    code = "connect_wrong_browser"
    vi = "Trình duyệt này không phải nơi bắt đầu kết nối. Hãy đăng nhập rồi bắt đầu lại."
    en = "The connection was not started in this browser. Sign in here and start again."


class SessionNeeded(NotAllowed):
    """A dialog needs a browser: an API token cannot walk through it."""

    code = "connect_session_needed"
    vi = "Chỉ người đăng nhập bằng trình duyệt mới mở được cửa sổ cấp quyền."
    en = "Only somebody signed in with a browser can go through the login dialog."


class ConnectDenied(Conflict):
    code = "connect_denied"
    vi = "Bạn đã không cấp quyền, nên chưa có tài khoản nào được kết nối."
    en = "Permission was not given, so nothing was connected."


class ConnectInterrupted(Conflict):
    """The process died, or lost the database, between the platform's answer and the save."""

    code = "connect_interrupted"
    vi = "Việc kết nối bị gián đoạn trước khi kịp lưu. Hãy bắt đầu lại."
    en = "Connecting was interrupted before it could be saved. Please start again."


class ConnectInProgress(Conflict):
    code = "connect_in_progress"
    vi = "Đang hoàn tất kết nối, vui lòng đợi vài giây…"
    en = "The connection is being completed, please wait a few seconds…"


class CodeRefused(Conflict):
    code = "connect_code_refused"
    vi = "Nền tảng không chấp nhận mã cấp quyền (đã dùng hoặc hết hạn). Hãy bắt đầu lại."
    en = "The platform did not accept the permission code: used or expired. Please start again."


class AppRefused(Conflict):
    """The app's id or secret is wrong, or the app is not active at the platform."""

    code = "connect_app_refused"
    vi = "Nền tảng từ chối ứng dụng: hãy kiểm tra App ID, App Secret và trạng thái ứng dụng."
    en = "The platform refuses the app: check its id, its secret and whether it is active."


class NothingGranted(Conflict):
    code = "connect_nothing_granted"
    vi = "Không có trang hay OA nào được chia sẻ với ứng dụng. Hãy bắt đầu lại và chọn trang."
    en = "No page or OA was shared with the app. Start again and tick the pages."


class PlatformSilent(PassingTrouble):
    code = "connect_platform_silent"
    vi = "Nền tảng không trả lời. Vui lòng thử lại sau ít phút."
    en = "The platform does not answer. Please try again in a few minutes."


class ChannelNotSetUp(Conflict):
    code = "channel_not_set_up"
    vi = "Máy chủ chưa có App ID hoặc App Secret của kênh này (xem docs/connecting.md)."
    en = "The server has no app id or app secret for this channel (see docs/connecting.md)."


class PublicUrlMissing(Conflict):
    code = "public_url_missing"
    vi = "Hãy đặt app.public_url trong config.yaml: nền tảng cần địa chỉ để quay lại."
    en = "Set app.public_url in config.yaml: the platform needs an address to come back to."


class FlowNotReady(Conflict):
    code = "connect_flow_not_ready"
    vi = "Việc cấp quyền chưa hoàn tất."
    en = "Permission has not been given yet."


REASONS: dict[str, type[InboxError]] = {
    kind.code: kind
    for kind in (
        *(FlowOver, WrongBrowser, ConnectDenied, ConnectInterrupted, ConnectInProgress),
        *(CodeRefused, AppRefused, NothingGranted, PlatformSilent),
    )
}
"""Why a flow has failed, by the code that it keeps."""


def token_refused(field: str) -> InvalidInput:
    return _wrong(
        field,
        "token_refused",
        vi="Nền tảng không chấp nhận token này (sai, hết hạn hoặc đã bị thu hồi).",
        en="The platform does not accept this token: wrong, expired or revoked.",
    )


def wrong_account(field: str) -> InvalidInput:
    return _wrong(
        field,
        "token_of_another_account",
        vi="Token này thuộc một trang hoặc OA khác.",
        en="This token belongs to another page or OA.",
    )


def wrong_app(field: str) -> InvalidInput:
    return _wrong(
        field,
        "token_of_another_app",
        vi="Token này do một ứng dụng khác tạo ra, nên webhook sẽ không về máy chủ này.",
        en="Another app made this token, so its webhooks would not come to this server.",
    )


def permission_missing(field: str, names: str) -> InvalidInput:
    return _wrong(
        field,
        "permission_missing",
        vi=f"Token thiếu quyền: {names}.",
        en=f"The token lacks permissions: {names}.",
    )


def token_missing(field: str) -> InvalidInput:
    return _wrong(field, "required", vi="Hãy nhập access_token.", en="The access_token is missing.")


def unknown_choice(field: str) -> InvalidInput:
    return _wrong(
        field,
        "unknown_account",
        vi="Tài khoản này không nằm trong danh sách vừa được cấp quyền.",
        en="This account is not among those that permission was given for.",
    )


def _wrong(field: str, code: str, *, vi: str, en: str) -> InvalidInput:
    return InvalidInput([FieldError(field, code, vi=vi, en=en)])
