"""The order of the gallery, and what its examples need around them."""

import os
from pathlib import Path

# The gallery looks up what examples import, also where it does not run the one that enables this.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401

# The folders of `examples/` are the gallery's sections. What a newcomer needs first comes first.
SECTIONS = {
    ".": ["in_action"],
    "codes": ["supervised_codes", "pipeline_classifier", "grid_search_layer_sizes"],
    "tables": ["tables", "imputation", "outliers"],
    "kinds": ["denoising", "sparse_codes", "variational"],
    "inspection": ["displays", "explorer", "training"],
    "scale": ["mnist", "streams", "search_on_a_cluster"],
}


def section_order(folder):
    """The place of a section's folder, as sphinx-gallery asks for it."""
    return list(SECTIONS).index(Path(folder).name)


def teaching_order(filename):
    """The place of an example's file among all, as sphinx-gallery asks for it."""
    names = [name for section in SECTIONS.values() for name in section]
    return names.index(_name(filename))


def link_diagrams(gallery_conf, filename):
    """Have the diagrams of an example's estimators link to their pages on the same site.

    The links are relative, so they hold wherever the site stands.
    """
    is_in_section = _name(filename) not in SECTIONS["."]
    os.environ["SKAUTOENCODER_DOCS_URL"] = "../.." if is_in_section else ".."


def _name(filename):
    return Path(filename).stem.removeprefix("plot_")
