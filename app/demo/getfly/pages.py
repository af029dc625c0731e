"""What people see of the simulated CRM: a list of customers, and one customer. Pure.

Getfly itself shows an account at `/#/crm/view_account/{id}`; a fragment reaches no server, so
here it is `/crm/account/{id}`.
"""

from collections.abc import Iterable, Sequence
from html import escape

from app.demo.getfly.book import Book, shown
from app.demo.getfly.model import Account
from app.demo.getfly.rows import local

_STYLE = """
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
  body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
         font: 1rem/1.5 system-ui, sans-serif; }
  header { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
  header p { margin: 0; opacity: .7; }
  h1 { font-size: 1.4rem; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
  h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
  dl { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .4rem 1rem; margin: 0; }
  dt { opacity: .7; }
  dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  table { width: 100%; border-collapse: collapse; }
  th, td { text-align: left; padding: .5rem .5rem .5rem 0; border-bottom: 1px solid var(--line);
           overflow-wrap: anywhere; }
  article { border-top: 1px solid var(--line); padding: .6rem 0; }
  article p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  time { opacity: .7; font-size: .9rem; }
  form { display: grid; gap: .8rem; margin: 0; }
  label { display: grid; gap: .2rem; }
  label span { opacity: .7; }
  input, textarea, button { font: inherit; padding: .4rem .6rem; border-radius: .4rem;
                            border: 1px solid var(--line); }
  button { justify-self: start; padding-inline: 1.2rem; cursor: pointer; }
  .tag { display: inline-block; border: 1px solid var(--line); border-radius: 1rem;
         padding: 0 .6rem; margin: 0 .3rem .3rem 0; }
"""
_LABELS = {
    "phone_office": "Điện thoại",
    "email": "Email",
    "billing_address_street": "Địa chỉ",
    "website": "Website",
    "phone_fax": "Fax",
    "sic_code": "Mã số thuế",
    "birthday": "Ngày sinh",
    "description": "Mô tả",
}
WRITTEN = ("phone_office", "email", "description")
"""What people can write on the page of a customer."""
_EMPTY = "—"


def list_page(accounts: Iterable[Account]) -> str:
    rows = "".join(
        f'<tr><td><a href="/crm/account/{one.id}">{escape(one.name)}</a></td>'
        f"<td>{escape(one.texts['phone_office'])}</td><td>{escape(one.texts['email'])}</td>"
        f"<td><time>{local(one.updated_at)}</time></td></tr>"
        for one in accounts
    )
    head = "<tr><th>Tên khách hàng</th><th>Điện thoại</th><th>Email</th><th>Cập nhật</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return _page("Khách hàng", table if rows else "<p>Chưa có khách hàng nào.</p>")


def account_page(book: Book, account: Account) -> str:
    manager = book.users.get(account.manager_id or 0)
    facts = [
        ("Mã khách hàng", account.code),
        *(
            (label, account.texts[name])
            for name, label in _LABELS.items()
            if name in WRITTEN or account.texts[name]
        ),
        *((one.label, shown(book, account, name)) for name, one in book.fields.items()),
        ("Người phụ trách", manager.name if manager else ""),
        ("Ngày tạo", local(account.created_at)),
        ("Cập nhật", local(account.updated_at)),
    ]
    body = f"{_facts(facts)}<h2>Nhóm khách hàng</h2>{_types(book, account)}"
    body += f"<h2>Sửa thông tin</h2>{_form(account)}"
    return _page(account.name, f"{body}<h2>Trao đổi</h2>{_comments(book, account)}")


def missing_page() -> str:
    return _page("Không tìm thấy", "<p>Khách hàng này không có, hoặc đã bị xoá.</p>")


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(value) or _EMPTY}</dd>" for label, value in facts
    )
    return f"<dl>{rows}</dl>"


def _form(account: Account) -> str:
    fields = "".join(
        f"<label><span>{_LABELS[name]}</span>{_input(name, account.texts[name])}</label>"
        for name in WRITTEN
    )
    return f'<form method="post">{fields}<button>Lưu</button></form>'


def _input(name: str, value: str) -> str:
    """A line break right after <textarea> is not part of its text."""
    if name == "description":
        return f'<textarea name="{name}" rows="4">\n{escape(value)}</textarea>'
    return f'<input name="{name}" value="{escape(value)}">'


def _types(book: Book, account: Account) -> str:
    names = [book.types[one].name for one in account.type_ids]
    return "".join(f'<span class="tag">{escape(name)}</span>' for name in names) or _EMPTY


def _comments(book: Book, account: Account) -> str:
    found = "".join(
        f"<article><time>{local(one.at)}{escape(_by(book, one.user_id))}</time>"
        f"<p>{escape(one.text)}</p></article>"
        for one in reversed(account.comments)
    )
    return found or _EMPTY


def _by(book: Book, user_id: int | None) -> str:
    user = book.users.get(user_id or 0)
    return f" · {user.name}" if user else ""


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · CRM mô phỏng</title><style>{_STYLE}</style></head><body>"
        '<header><a href="/crm">Khách hàng</a><p>CRM mô phỏng (Getfly)</p></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
