"""How Sphinx builds the site: `nox -s docs`, or `sphinx-build -b html docs docs/_build/html`."""

import os
import re
import shutil
import sys
import warnings
from importlib.metadata import metadata
from pathlib import Path

from docutils import nodes

import skautoencoder

sys.path.insert(0, str(Path(__file__).parent))

project = "skautoencoder"
author = "the skautoencoder developers"
copyright = "2026, the skautoencoder developers (BSD 3-Clause)"
version = release = skautoencoder.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "mathml",
]
# Signatures of more than one screen line show one parameter a line.
python_maximum_signature_line_length = 88
default_role = "literal"
smartquotes = False  # "tanh" in quotes is a value to type
toc_object_entries_show_parents = "hide"
exclude_patterns = ["_build", "_templates", "auto_examples/**/*.ipynb"]
templates_path = ["_templates"]
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy|sklearn|threadpoolctl)\..*")]

# Links into other projects need the network, so a build without it leaves them out.
intersphinx_mapping = {}
if os.environ.get("DOCS_INTERSPHINX"):
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

autosummary_generate = True
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints = "none"
# The methods are on the class's page in full, so no table of links to pages of their own.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    # The processes that run examples import docs/gallery.py, but do not read this file.
    "parallel": 2,
    "subsection_order": "gallery.section_order",
    "within_subsection_order": "gallery.teaching_order",
    "reset_modules": ("matplotlib", "seaborn", "gallery.link_diagrams"),
    "doc_module": ("skautoencoder",),
    "backreferences_dir": "generated/backreferences",
    # What a last line of a block returns is shown, unless it is a part of the picture.
    "ignore_repr_types": r"matplotlib\.(axes|legend|text)",
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,
    "remove_config_comments": True,
}
# The pictures of the pages are drawn from docs/pictures; the code is not shown.
plot_formats = [("png", 150)]
plot_html_show_formats = False
plot_html_show_source_link = False

# matplotlib says at every plt.show() that the gallery's backend has no window.
warnings.filterwarnings("ignore", message=r".*FigureCanvasAgg is non-interactive.*")

html_theme = "pydata_sphinx_theme"
html_title = "skautoencoder"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Without a mode of its own the theme writes an error to the console of each new reader.
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
# Pages without pages beside or below them.
pages = ["index", "install", "getting_started", "comparison", "faq"]
html_sidebars = {page: [] for page in pages}
# An icon leads to the repository, once the package's metadata names its address.
addresses = dict(url.split(", ", 1) for url in metadata(project).get_all("Project-URL", []))
html_theme_options = {
    "icon_links": [
        {"name": name, "url": addresses[name], "icon": "fa-solid fa-code-branch"}
        for name in ("Repository", "Source")
        if name in addresses
    ],
    "logo": {"text": "skautoencoder"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_exclude = ".linenos, .gp, .go"

doctest_global_setup = """
from importlib.util import find_spec
import numpy as np
from sklearn.datasets import load_digits
from skautoencoder import *
"""


def drop_foreign_labels(app, what, name, obj, options, lines):
    """Show the labels of scikit-learn's own pages, which inherited methods refer to, as text."""
    if getattr(obj, "__module__", "").startswith("sklearn"):
        lines[:] = [re.sub(r":(?:ref|term):`([^`<]+?)(?:\s*<[^`]*>)?`", r"\1", x) for x in lines]


def link_to_scikit_learn(app, env, node, contnode):
    """Link to scikit-learn's page of a class or function, without the inventory of its site.

    Every one of them has a page of its own, named after it.
    """
    name = node.get("reftarget", "")
    is_page = name.startswith("sklearn.") and node.get("reftype") in ("class", "func", "obj")
    if node.get("refdomain") != "py" or not is_page:
        return None
    address = f"https://scikit-learn.org/stable/modules/generated/{name}.html"
    return nodes.reference("", "", contnode, internal=False, refuri=address)


def place_explorer(app, exception):
    """Put the page that an example writes beside the example's own, which links to it."""
    page = Path("inspection", "digits_explorer.html")
    written = Path(app.srcdir).parent / "examples" / page
    if exception is None and app.builder.format == "html" and written.exists():
        shutil.copy(written, Path(app.outdir) / "auto_examples" / page)


def break_between_words(app, pagename, templatename, context, doctree):
    """Let a name in the title of its page break at capitals and underscores, on narrow screens."""
    if pagename.startswith("generated/"):
        context["body"] = re.sub("<h1>.+?<", _with_breaks, context["body"], count=1)


def _with_breaks(title):
    return re.sub("(?<=[a-z])(?=[A-Z])|(?<=_)", "<wbr>", title[0])


def setup(app):
    app.connect("autodoc-process-docstring", drop_foreign_labels)
    app.connect("build-finished", place_explorer)
    app.connect("html-page-context", break_between_words)
    if not intersphinx_mapping:
        app.connect("missing-reference", link_to_scikit_learn)
