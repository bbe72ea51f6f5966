"""Pages of a site as their HTML has them: links, anchors and files."""

import json
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit
from zipfile import BadZipFile, ZipFile

# Attributes that name an address, and whether a page does not work without what is there.
FOLLOWED = {("a", "href"), ("area", "href"), ("form", "action")}
LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("iframe", "src"),
    ("embed", "src"),
    ("object", "data"),
}
# What of a <link> the browser fetches by itself; "index" and "search" name pages.
LOADED_RELATIONS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
FOLLOWED_RELATIONS = {"index", "search", "next", "prev", "author", "help", "license"}


class Page(HTMLParser):
    """Addresses in a page's HTML, and the anchors that others may point at."""

    def __init__(self, text):
        super().__init__()
        self.followed, self.loaded, self.anchors = [], [], {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = {name: value for name, value in attributes if value is not None}
        self.anchors |= {values.get("id", ""), values.get("name", "")}
        for name, value in values.items():
            if (tag, name) in FOLLOWED:
                self.followed.append(value)
            elif (tag, name) in LOADED:
                self.loaded.append(value)
            elif name == "srcset":
                self.loaded += [each.split()[0] for each in value.split(",") if each.strip()]
        if tag == "link":
            self._add_relation(values)

    def _add_relation(self, values):
        relations = set(values.get("rel", "").split())
        if relations & LOADED_RELATIONS:
            self.loaded.append(values.get("href", ""))
        elif relations & FOLLOWED_RELATIONS:
            self.followed.append(values.get("href", ""))


def read_site(root):
    """Names of the pages that links lead to from index.html, in their order, and the findings."""
    pages, waiting = {}, ["index.html"]
    while waiting:
        name = waiting.pop(0)
        if name not in pages:
            pages[name] = Page((root / name).read_text(encoding="utf-8"))
            paths = (target(name, link)[0] for link in pages[name].followed)
            waiting += [path for path in paths if path and is_page(root, path)]
    findings = [each for name in pages for each in check_links(root, pages, name)]
    return list(pages), findings


def is_page(root, path):
    return path.endswith(".html") and (root / path).is_file()


def target(name, link):
    """Path and anchor that a link of a page points at; no path where it leaves the site."""
    parts = urlsplit(urljoin(f"/{name}", link))
    if parts.scheme or parts.netloc:
        return None, ""
    path = unquote(parts.path).removeprefix("/")
    # Behind ":~:" stands a text to scroll to, which need not be there.
    anchor = unquote(parts.fragment).partition(":~:")[0]
    return path + "index.html" * (not path or path.endswith("/")), anchor


def check_links(root, pages, name):
    """Findings about the addresses of a page, each once."""
    page = pages[name]
    found = [missing_target(root, pages, name, link) for link in page.followed]
    found += [missing_file(root, name, link) for link in page.loaded]
    return [f"{name}: {each}" for each in dict.fromkeys(found) if each]


def missing_target(root, pages, name, link):
    """What is wrong with a link to follow, None where nothing is."""
    path, anchor = target(name, link)
    if path is None:
        return None
    if not (root / path).is_file():
        return f"broken link {link!r}"
    if path in pages:
        return None if anchor in pages[path].anchors else f"missing anchor {link!r}"
    return damage(root / path)


def missing_file(root, name, link):
    """What is wrong with the address of a script, style or picture, None where nothing is."""
    path, _ = target(name, link)
    if path is None:
        # A page that needs another host breaks with it, and tells it of every reader.
        return None if link.startswith("data:") else f"file of another host {link!r}"
    return None if (root / path).is_file() else f"missing file {link!r}"


def damage(path):
    """What is wrong with a file to download, None where nothing is known to be."""
    check = CHECKS.get(path.suffix, check_bytes)
    try:
        is_whole = check(path)
    except (ValueError, BadZipFile):
        is_whole = False
    return None if is_whole else f"damaged download {path.name!r}"


def check_bytes(path):
    return path.stat().st_size > 0


def check_notebook(path):
    return bool(json.loads(path.read_text(encoding="utf-8"))["cells"])


def check_zip(path):
    with ZipFile(path) as archive:
        return bool(archive.namelist()) and archive.testzip() is None


CHECKS = {".ipynb": check_notebook, ".zip": check_zip}
