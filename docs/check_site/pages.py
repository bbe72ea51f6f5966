"""A page as a reader sees it: wide and narrow, light and dark."""

import time
from pathlib import Path
from urllib.parse import quote

WIDTHS = (1400, 400)
SCHEMES = ("light", "dark")
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
# Lines of a page about the same thing help nobody.
MAX_FINDINGS = 5
LEVELS = {"SEVERE", "WARNING"}
SEARCHED = "autoencoder"
# Looks at the results, a tenth of a second apart: a count, as the machine may be busy.
SEARCH_LOOKS = 50


def check_page(browser, address, name):
    """Findings about a page: what it writes to the console, and what cannot be read well."""
    browser.get(address + name)
    findings = []
    for width in WIDTHS:
        for scheme in SCHEMES:
            show(browser, width, scheme)
            seen = browser.execute_async_script(MEASURE, scheme)
            findings += [f"{name} ({width} px, {scheme}): {each}" for each in shorten(seen)]
    return findings + console(browser, name)


def show(browser, width, scheme):
    """Give the window a width, and the reader a wish for light or dark pages."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def shorten(seen):
    """The first of many findings, and how many there are."""
    rest = len(seen) - MAX_FINDINGS
    return seen[:MAX_FINDINGS] + [f"and {rest} more"] * (rest > 0)


def console(browser, name):
    """Errors and warnings that a page wrote to the console."""
    entries = [each for each in browser.get_log("browser") if each["level"] in LEVELS]
    return [f"{name}: console {each['level'].lower()}: {each['message']}" for each in entries]


def check_search(browser, address, pages):
    """Findings about the search page, where the site has one: a word must lead to pages."""
    if "search.html" not in pages:
        return []
    browser.get(f"{address}search.html?q={quote(SEARCHED)}")
    findings = [] if has_results(browser) else [f"search.html: {SEARCHED!r} is not found"]
    return findings + console(browser, f"search.html?q={SEARCHED}")


def has_results(browser):
    for _ in range(SEARCH_LOOKS):
        if browser.find_elements("css selector", "#search-results li a"):
            return True
        time.sleep(0.1)
    return False
