"""File names inside an archive: each once, and none that Windows would refuse."""

import re
import unicodedata

from inbox.media.naming import clean_name

_REFUSED = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class Names:
    """Gives every file of one archive a name of its own; upper and lower case are the same."""

    def __init__(self, *taken: str) -> None:
        self._taken = {_key(one) for one in taken}

    def unique(self, name: str) -> str:
        """`name`, or `name (2)`, `name (3)`, ... before its extension.

        Source: https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
        """
        safe = _REFUSED.sub("_", clean_name(name)).rstrip(". ") or "_"
        safe = f"_{safe}" if _RESERVED.fullmatch(safe) else safe
        stem, dot, extension = safe.rpartition(".")
        if not stem:
            stem, dot, extension = safe, "", ""
        chosen, number = safe, 1
        while _key(chosen) in self._taken:
            number += 1
            chosen = f"{stem} ({number}){dot}{extension}"
        self._taken.add(_key(chosen))
        return chosen


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
