"""What Bitrix24 makes of texts: `comments` when they are written, timeline comments when shown.

After CommentsHelper::normalizeComment, TextHelper and CTextParser of its modules crm and main.
"""

import html
import re

_KEPT_TAGS = r"(?!\bb\b|\bi\b|\bu\b|\bs\b|\blist\b|\bimg\b|\burl\b)"
_OTHER_BB = re.compile(rf"\[(/?){_KEPT_TAGS}\w+\b[^\]]*\]", re.IGNORECASE)
_HTML_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>|<(?=\S)[^<>]*(?:>|$)")
_URL = re.compile(r"(?<![\w=\]])https?://[\w.:@-][^\s\"'{}\[\]]*")


def normalized(comment: str) -> str:
    """What is kept of a `comments`."""
    text = comment.replace("&#39;", "'").replace("\xa0", " ")
    text = re.sub(r"<br[^>]*>", "\n", text)
    text = re.sub(r"<([busi])>(.+?)</\1>", r"[\1]\2[/\1]", text, flags=re.DOTALL)
    text = _URL.sub(lambda url: f"[URL]{url[0]}[/URL]", text).replace("&nbsp;", "")
    text = _HTML_TAG.sub("", _unescaped_once(text))
    text = _OTHER_BB.sub("", html.escape(text, quote=False).replace('"', "&quot;"))
    return text.replace("&amp;#91;", "&#91;").replace("&amp;#93;", "&#93;")


def _unescaped_once(text: str) -> str:
    """As htmlspecialcharsback: named characters only, the ampersand last."""
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    return text


def shown(comment: str) -> str:
    """What people read of a timeline comment."""
    text = re.sub(r"</?[busi]>|\[/?(?:b|i|u|s|url)(?:=[^\]]*)?\]", "", comment)
    return re.sub("[\u2061-\u2064]", "", html.unescape(text))
