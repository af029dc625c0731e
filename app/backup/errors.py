"""Why a backup is not written, or not taken back."""

from inbox.errors import Conflict


class FolderInUse(Conflict):
    """A backup is never mixed with another."""

    code = "backup_folder_in_use"
    vi = "Thư mục {folder} đã có nội dung; hãy chọn thư mục mới cho mỗi lần sao lưu."
    en = "{folder} is not empty; choose a new folder for each backup."


class NoBackup(Conflict):
    code = "no_backup"
    vi = "{folder} không phải là một bản sao lưu hoàn chỉnh."
    en = "{folder} is not a complete backup."


class BackupDamaged(Conflict):
    """What is there is not what was written; nothing was restored from it."""

    code = "backup_damaged"
    vi = "Bản sao lưu bị hỏng: {file} không còn như lúc ghi."
    en = "The backup is damaged: {file} is not what was written."


class BackupTooNew(Conflict):
    code = "backup_too_new"
    vi = "Bản sao lưu do phiên bản mới hơn tạo ra; hãy khôi phục bằng phiên bản đó."
    en = "The backup was made by a newer version; restore it with that one."


class OtherSecretKey(Conflict):
    """Tokens of channel accounts could not be opened after such a restore."""

    code = "other_secret_key"
    vi = (
        "INBOX__SECRET_KEY không phải khoá của bản sao lưu này, nên không mở được token của các "
        "tài khoản kênh. Dùng đúng khoá, hoặc thêm --other-key rồi kết nối lại từng tài khoản."
    )
    en = (
        "INBOX__SECRET_KEY is not the key of this backup: the tokens of channel accounts could "
        "not be opened. Use that key, or add --other-key and connect every account again."
    )
