"""Check a built site: `python docs/check_site docs/_build/html`.

Links, anchors and files are read from the pages' HTML. Then a headless Chromium opens every
page from localhost, at two widths, light and dark. Addresses of other hosts are not asked for.
"""

import os
import sys
from pathlib import Path

from browser import BrowserMissingError, open_browser
from links import read_site
from pages import check_page, check_search
from server import serve

USAGE = "Usage: python docs/check_site FOLDER, where FOLDER holds the index.html of a built site."


def main(arguments):
    """Print what is wrong with the site; the exit code is 0 where nothing is."""
    if len(arguments) != 1 or not Path(arguments[0], "index.html").is_file():
        print(USAGE, file=sys.stderr)
        return 2
    root = Path(arguments[0]).resolve()
    pages, findings = read_site(root)
    try:
        findings += look_at(root, pages)
    except BrowserMissingError as missing:
        # In CI, a check that was left out must not look like one that passed.
        if os.environ.get("CI"):
            findings.append(f"{missing} CI needs it.")
        else:
            print(f"Skipped all that needs a browser: {missing}")
    print(*findings, f"{len(pages)} pages, {len(findings)} findings", sep="\n")
    return int(bool(findings))


def look_at(root, pages):
    """Findings that only a browser can make, for the pages by name."""
    with serve(root) as address, open_browser() as browser:
        findings = [each for page in pages for each in check_page(browser, address, page)]
        return findings + check_search(browser, address, pages)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
