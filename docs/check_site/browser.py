"""A headless browser whose console is kept."""

import shutil
from contextlib import contextmanager

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
except ImportError:
    webdriver = None

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
    # With a network or without, whatever a page asks of another host fails, and is seen.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# In seconds. A page takes well under one, but the machine may have other things to do.
PATIENCE = 120


class BrowserMissingError(Exception):
    """No browser can be driven here."""


@contextmanager
def open_browser():
    """A headless browser while the block runs; BrowserMissingError says what is not installed."""
    browser = start(*find_programs())
    browser.set_page_load_timeout(PATIENCE)
    browser.set_script_timeout(PATIENCE)
    try:
        yield browser
    finally:
        browser.quit()


def find_programs():
    """Paths of the browser and its driver."""
    if webdriver is None:
        raise BrowserMissingError("The package selenium is not installed.")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        raise BrowserMissingError("chromium and chromedriver are not installed.")
    return browser, driver


def start(browser, driver):
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    try:
        return webdriver.Chrome(options=options, service=service)
    except WebDriverException as error:
        raise BrowserMissingError(f"{browser} cannot be started: {error.msg}.") from error
