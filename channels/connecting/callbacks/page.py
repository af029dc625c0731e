"""The small page that somebody sees who comes back from a dialog and cannot go on. Pure."""

from html import escape

from inbox.errors import InboxError

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address of this page holds the platform's code
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
    ),
}
_STYLE = """
  :root { color-scheme: light dark; }
  body { max-width: 34rem; margin: 12vh auto; padding: 0 1.25rem; line-height: 1.5;
         font-family: system-ui, sans-serif; }
  h1 { font-size: 1.35rem; }
  p[lang=en], p + p { opacity: .8; }
  a { display: inline-block; margin-top: 1rem; padding: .6rem 1rem; border-radius: .5rem;
      background: #0b7267; color: #fff; text-decoration: none; }
"""
_TITLE = {"vi": "Kết nối tài khoản", "en": "Connecting an account"}
_BACK = {"vi": "Về trang cài đặt", "en": "Back to the settings"}


def page_of(
    title: str, sentences: list[str], *, language: str, link: tuple[str, str] | None = None
) -> str:
    """A whole page; `sentences` become paragraphs, `link` is (address, words)."""
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in sentences)
    anchor = f'<a href="{escape(link[0])}">{escape(link[1])}</a>' if link is not None else ""
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{paragraphs}{anchor}</main></body></html>"
    )


def error_page(error: InboxError, language: str, settings: str) -> str:
    """What went wrong, in the language asked for first, and the way back to the settings."""
    other = "en" if language == "vi" else "vi"
    return page_of(
        _TITLE[language],
        [error.sentence(language), error.sentence(other)],
        language=language,
        link=(settings, _BACK[language]),
    )
