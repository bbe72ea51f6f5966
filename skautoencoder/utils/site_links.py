"""Where this project's documentation is, for the links of HTML diagrams."""

import os

_VARIABLE = "SKAUTOENCODER_DOCS_URL"
# Written by docs/api.rst, which gives every public name a page.
_PAGE = "generated/{estimator_module}.{estimator_name}.html"


class DocumentedMixin:
    """The HTML diagram of an estimator links to its page in this project's documentation.

    Without it, scikit-learn links its own estimators only.
    """

    _doc_link_module = "skautoencoder"

    @property
    def _doc_link_template(self):
        address = documentation_address()
        # scikit-learn takes an empty address for "no link".
        return f"{address.rstrip('/')}/{_PAGE}" if address else ""


def documentation_address():
    """Address of the site: the environment's, or else the one in the package's metadata, or ""."""
    return os.environ.get(_VARIABLE) or _address_in_metadata()


def _address_in_metadata():
    """What pyproject.toml names as the project's documentation, "" where it names none."""
    # Imported here for its time, which only diagrams should cost.
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("skautoencoder").get_all("Project-URL", [])
    except PackageNotFoundError:
        return ""
    return dict(url.split(", ", 1) for url in urls).get("Documentation", "")
