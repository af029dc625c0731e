"""What a browser calls itself, in the few words by which people know their devices. Pure."""

_BROWSERS = (
    ("coc_coc_browser", "Cốc Cốc"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
"""The first that is named counts: most browsers name Chrome and Safari besides themselves."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
LONGEST = 40
"""Characters of what is kept of a program that is no browser."""


def device_of(user_agent: str) -> str:
    """Such as "Chrome, Windows"; of other programs the first word; "" when it says nothing.

    Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
    """
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    known = [name for name in (browser, system) if name is not None]
    if known:
        return ", ".join(known)
    words = user_agent.split()
    program = words[0] if words else ""
    return "".join(letter for letter in program if letter.isprintable())[:LONGEST]
