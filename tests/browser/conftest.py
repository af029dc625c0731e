"""How patient the tests in a browser are."""

from playwright.async_api import expect

PATIENCE_MS = 20_000
"""Until something must be on the page: Playwright's 5 s are short where two cores are busy."""

expect.set_options(timeout=PATIENCE_MS)
