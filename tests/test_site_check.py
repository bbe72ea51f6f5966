"""The check of the documentation's site sees what is broken: on a small site made for it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

CHECK = Path(__file__).parents[1] / "docs" / "check_site.py"

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<link rel="icon" href="data:,">
<style>:root {{ color-scheme: light dark; background: Canvas; }}
a {{ color: inherit; }}</style></head>
<body><p>Text of the page.</p>{body}</body></html>"""
# In dark pages alone.
DIM = """<style>@media (prefers-color-scheme: dark) { .dim { color: #444; } }</style>
<p class="dim">dim words</p>"""
VEIL = """<div style="background: white"><div style="background: rgb(0 0 0 / 60%)">
<p style="color: #333">on a veil</p></div></div>"""
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'

# The page on which Sphinx shows what a search finds.
SEARCH = """<ul id="search-results"></ul><script>
if (location.search === "?q=autoencoder")
  document.querySelector("ul").innerHTML = "<li><a href='index.html'>one</a></li>";
</script>"""

BROKEN = {
    "link": '<a href="nowhere.html">away</a> <a href="#gone">down</a>',
    "folder/anchor": '<a href="../link.html#nothing">there</a> <h2 id="here">Here</h2>',
    "missing": '<img src="gone.png" alt=""><script src="gone.js"></script>',
    "foreign": '<script src="https://other.example/code.js"></script>',
    "console": '<script>console.error("all is lost"); undefinedName();</script>',
    "wide": '<pre style="width: 700px">wide</pre>',
    "text": """<div class="bd-article-container" style="overflow-x: auto">
        <p style="width: 700px">this and all else scrolls</p></div>""",
    "cut": '<div style="overflow: hidden; white-space: nowrap">' + 99 * "long " + "</div>",
    "dim": DIM + VEIL,
    "code": """<div class="bd-article"><pre style="overflow-x: auto; width: 300px">
        code that is wider than its box and must be scrolled sideways</pre></div>""",
    "blocks": "<pre> \n</pre><pre>&lt;a.B object at 0x7f00&gt;</pre>",
    "title": '<h1 style="overflow-wrap: anywhere">AnEstimatorWithAVeryLongName</h1>',
    "small": '<p style="font-size: 9px">tiny words</p>',
    "download": '<a href="damaged.ipynb">notebook</a> <a href="damaged.zip">archive</a>',
    "theme": "<script>document.documentElement.dataset.theme = 'light'</script>",
    "picture": '<img src="damaged.svg" alt="">',
    "search": SEARCH.replace("=== ", "!== "),
}
SOUND = {
    "search": SEARCH,
    "title": "<h1>AnEstimator<wbr>WithAVery<wbr>LongName, and two words in two-line titles</h1>",
    "folder/other": f"""<h2 id="here">Here</h2><a href="../index.html#top">up</a>
    <a href="https://other.example/page.html#any">away</a> <a href="#:~:text=Here">text</a>
    <pre style="overflow-x: auto">wide, but it scrolls{99 * " on"}</pre>
    <img src="data:image/svg+xml,{PICTURE.replace('"', "'")}" alt="">
    <p style="font-size: 30px; color: #808080">large</p>
    <p style="visibility: hidden; color: #777">no</p>
    <p>x<sub>i<sub>j</sub></sub></p>
    <a href="../notebook.ipynb">notebook</a> <a href="../all.zip">all</a>""",
}


def write_site(root, bodies):
    """Pages with these bodies, and an index that leads to them."""
    links = "".join(f'<p><a href="{name}.html">{name}</a></p>' for name in bodies)
    for name, body in {"index": links, **bodies}.items():
        path = root / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGE.format(body=body), encoding="utf-8")
    (root / "damaged.ipynb").write_text("{")
    (root / "damaged.zip").write_bytes(b"PK")
    (root / "damaged.svg").write_text("<svg")
    (root / "notebook.ipynb").write_text('{"cells": [{}]}')
    with ZipFile(root / "all.zip", "w") as archive:
        archive.writestr("a.py", "")


def check(root, **environment):
    """Exit code and output of the check of a site."""
    result = subprocess.run(
        [sys.executable, CHECK, root],
        capture_output=True,
        text=True,
        env={**os.environ, "CI": "1", **environment},
    )
    assert result.stderr == ""
    return result.returncode, result.stdout


@pytest.fixture(scope="module")
def checker():
    if not CHECK.exists():
        pytest.skip("installed without the documentation's sources")


@pytest.fixture(scope="module")
def browser(checker):
    pytest.importorskip("selenium_axe_python", reason="selenium-axe-python is not installed")
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("chromium and chromedriver are not installed")


@pytest.fixture(scope="module")
def report(browser, tmp_path_factory):
    root = tmp_path_factory.mktemp("broken")
    write_site(root, BROKEN)
    code, report = check(root)
    assert code == 1
    return report.splitlines()


FINDINGS = {
    "link": ["broken link nowhere.html", "missing anchor link.html#gone"],
    "folder/anchor": ["missing anchor link.html#nothing"],
    "missing": [
        "broken link gone.png",
        "broken link gone.js",
        "picture does not load: gone.png",
        "gone.js - Failed to load resource",
    ],
    "foreign": ["file of another host https://other.example/code.js"],
    "console": ["all is lost", "undefinedName is not defined"],
    "wide": ["(400 px, light): page is 708 px wide: pre", "(400 px, dark): page is 708"],
    "text": ['(400 px, light): text is 700 px wide: p "this and all'],
    "cut": ["(1280 px, dark): text is cut off: div", "(400 px, light): text is cut off: div"],
    "dim": [
        "(1280 px, dark): .* contrast of 1.9",
        "(1280 px, light): .* contrast of 2.2 .*on a veil",
    ],
    "code": ["(1280 px, light): scrolls sideways: pre"],
    "blocks": [
        "(1280 px, light): block says nothing: empty",
        "(400 px, dark): block says nothing: <a.B object at 0x7f00>",
    ],
    "title": ['(400 px, light): title breaks within "AnEst'],
    "small": ["(1280 px, light): text of 9 px: p"],
    "download": ["damaged file damaged.ipynb", "damaged file damaged.zip"],
    "theme": ["(400 px, dark): theme is light"],
    "picture": ["(1280 px, light): picture does not load: damaged.svg"],
    "search": ["nothing is found"],
}


@pytest.mark.parametrize(("page", "ending"), [(p, e) for p in FINDINGS for e in FINDINGS[p]])
def test_what_is_broken_is_found(report, page, ending):
    pattern = re.compile(f"{page}[.]html.*{ending.replace('(', '[(]').replace(')', '[)]')}")
    assert any(map(pattern.match, report)), "\n".join(report)


def test_only_what_is_broken_is_found(report):
    assert report[-1] == f"{len(BROKEN) + 1} pages, {len(report) - 1} findings"
    assert {line.split(".html")[0] for line in report[:-1]} == set(BROKEN)
    # Nothing of these pages is wider than the wide window, nor dim where the page is light.
    assert not any("1280 px" in line for line in report if line.startswith("wide"))
    assert not any("light" in line for line in report if "dim words" in line)


def test_a_sound_site_passes(browser, tmp_path):
    write_site(tmp_path, SOUND)
    assert check(tmp_path) == (0, "4 pages, 0 findings\n")


def test_a_missing_browser_is_a_failure_in_ci_only(checker, tmp_path):
    write_site(tmp_path, SOUND)
    report = "Nothing was checked: chromium and chromedriver not found.\n"
    assert check(tmp_path, PATH="") == (1, report)
    assert check(tmp_path, PATH="", CI="") == (0, report)


def test_a_folder_without_a_site_is_refused(checker, tmp_path):
    result = subprocess.run([sys.executable, CHECK, tmp_path], capture_output=True, text=True)
    assert result.returncode == 2
    assert "FOLDER holds a built site's index.html" in result.stderr
