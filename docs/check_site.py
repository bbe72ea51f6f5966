"""Check a built site: `python docs/check_site.py docs/_build/html`.

A headless Chromium opens every page that links lead to, narrow and wide, light and dark. axe-core
measures contrast; the rest is asked of the browser. Links to other hosts are not followed.
"""

import json
import os
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urldefrag
from zipfile import BadZipFile, ZipFile

USAGE = "Usage: python docs/check_site.py FOLDER, where FOLDER holds a built site's index.html."
WIDTHS = (1280, 400)
SCHEMES = ("light", "dark")
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
# Without colours from pictures and gradients: axe-core lists those as undecided.
CONTRAST = "{runOnly: ['color-contrast'], resultTypes: ['violations'], preload: false}"
# Lines of a page about the same thing help nobody.
MAX_FINDINGS = 5
SEARCHED = "autoencoder"
# In seconds. A page takes well under one, but the machine may have other things to do.
PATIENCE = 120
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"),
    # With a network or without, whatever a page asks of another host fails, and is seen.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def main(arguments):
    """Print what is wrong with the site; the exit code is 0 where nothing is."""
    if len(arguments) != 1 or not Path(arguments[0], "index.html").is_file():
        print(USAGE, file=sys.stderr)
        return 2
    if missing := [each for each in ("chromium", "chromedriver") if shutil.which(each) is None]:
        print(f"Nothing was checked: {' and '.join(missing)} not found.")
        # In CI, a check that was left out must not look like one that passed.
        return int(bool(os.environ.get("CI")))
    root = Path(arguments[0]).resolve()
    with serve(root) as address, open_browser() as browser:
        pages, findings = visit_all(browser, address, root)
        findings += check_links(pages, address, root)
        if "search.html" in pages:
            findings += check_search(browser, address)
    print(*findings, f"{len(pages)} pages, {len(findings)} findings", sep="\n")
    return int(bool(findings))


@contextmanager
def serve(root):
    """Serve a folder on a free port of localhost; yields the address, with a slash at its end."""
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *args: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=root)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def open_browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.set_page_load_timeout(PATIENCE)
        browser.set_script_timeout(PATIENCE)
        yield browser


def visit_all(browser, address, root):
    """What the browser tells of each page that links lead to from index.html, and the findings."""
    pages, findings, waiting = {}, [], ["index.html"]
    for name in waiting:
        browser.get(address + name)
        page = pages[name] = browser.execute_script(SCRIPT + "return addresses()")
        findings += look_at(browser, name)
        for path, _ in filter(None, (split(address, link) for link in page["links"])):
            if path.endswith(".html") and path not in waiting and (root / path).is_file():
                waiting.append(path)
    return pages, findings


def look_at(browser, name):
    """Findings about the open page: what cannot be read well, and what it wrote to the console."""
    from selenium_axe_python import Axe

    axe = Axe(browser)
    axe.inject()
    findings = []
    for width, scheme in product(WIDTHS, SCHEMES):
        show(browser, width, scheme)
        seen = browser.execute_async_script(SCRIPT + "measure(...arguments)", scheme)
        # Colours do not depend on the width, and axe-core takes its time.
        seen += low_contrast(axe) if width == max(WIDTHS) else []
        more = [f"and {len(seen) - MAX_FINDINGS} more"] * (len(seen) > MAX_FINDINGS)
        findings += [f"{name} ({width} px, {scheme}): {x}" for x in seen[:MAX_FINDINGS] + more]
    return findings + console(browser, name)


def low_contrast(axe):
    """What axe-core says of text that hardly stands out."""
    nodes = [node for each in axe.run(options=CONTRAST)["violations"] for node in each["nodes"]]
    return [f"{node['any'][0]['message']}: {node['html']}" for node in nodes]


def show(browser, width, scheme):
    """Give the window a width, and the reader a wish for light or dark pages."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wishes.items()]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def console(browser, name):
    """Errors and warnings that a page wrote to the console."""
    entries = [
        each for each in browser.get_log("browser") if each["level"] in ("SEVERE", "WARNING")
    ]
    return [f"{name}: console {each['level'].lower()}: {each['message']}" for each in entries]


def split(address, link):
    """Path and anchor that a link points at; None where it leaves the site."""
    url, anchor = urldefrag(link)
    if not url.startswith(address):
        return None
    path = unquote(url.removeprefix(address).partition("?")[0])
    # Behind ":~:" stands a text to scroll to, which need not be there.
    anchor = unquote(anchor).partition(":~:")[0]
    return path + "index.html" * (not path or path.endswith("/")), anchor


def check_links(pages, address, root):
    """Findings about the addresses on the pages, each once."""
    found = {}
    for name, page in pages.items():
        for link in page["links"] + page["files"]:
            if target := split(address, link):
                found[f"{name}: {fault(pages, root, *target)}"] = target
            elif link in page["files"] and not link.startswith("data:"):
                found[f"{name}: file of another host {link}"] = link
    return [each for each in found if not each.endswith(": None")]


def fault(pages, root, path, anchor):
    """What is wrong with the target of a link, None where nothing is."""
    if not (root / path).is_file():
        return f"broken link {path}"
    if path in pages:
        # A busy browser may not have seen the end of a page.
        is_there = anchor in pages[path]["anchors"] or f'id="{anchor}"' in (root / path).read_text(
            encoding="utf-8"
        )
        return None if is_there else f"missing anchor {path}#{anchor}"
    return None if is_whole(root / path) else f"damaged file {path}"


def is_whole(path):
    try:
        if path.suffix == ".ipynb":
            return bool(json.loads(path.read_text(encoding="utf-8"))["cells"])
        if path.suffix == ".zip":
            return ZipFile(path).testzip() is None
    except (ValueError, BadZipFile):
        return False
    return path.stat().st_size > 0


def check_search(browser, address):
    """Findings about the search page: a word must lead to pages."""
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.wait import WebDriverWait

    name = f"search.html?q={SEARCHED}"
    browser.get(address + name)
    try:
        wait = WebDriverWait(browser, 5)
        wait.until(lambda page: page.find_elements("css selector", "#search-results li a"))
    except TimeoutException:
        return [f"{name}: nothing is found", *console(browser, name)]
    return console(browser, name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
