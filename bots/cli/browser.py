"""Opening the page in the browser of whoever started it."""

from __future__ import annotations

import webbrowser


def open_browser(address: str) -> bool:
    """False when there is no graphical browser: one in the terminal would take the terminal away from us."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser:
        return False
    return browser.open(address)
