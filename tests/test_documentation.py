"""The API reference is complete, its examples run, and diagrams and formulas lead there."""

import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skautoencoder
from skautoencoder import (
    AutoencoderClassifier,
    AutoencoderImputer,
    AutoencoderOutlierDetector,
    AutoencoderRegressor,
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
)

DOCS = Path(__file__).parents[1] / "docs"
ESTIMATORS = [
    AutoencoderTransformer,
    VariationalAutoencoderTransformer,
    AutoencoderOutlierDetector,
    AutoencoderImputer,
    AutoencoderClassifier,
    AutoencoderRegressor,
]
# Packages that docs/api.rst declares inner; not all can be imported without an extra.
INNER = ("skautoencoder.network", "skautoencoder.persistence", "skautoencoder.utils")


@pytest.fixture(scope="module")
def docs():
    if not (DOCS / "api.rst").exists():
        pytest.skip("installed without the documentation's sources")
    return DOCS


def public_names():
    """Full names in the `__all__` of every module that is neither inner nor has an underscore."""
    found = pkgutil.walk_packages(skautoencoder.__path__, "skautoencoder.")
    names = [module.name for module in found if "._" not in module.name]
    outer = ["skautoencoder", *(name for name in names if not name.startswith(INNER))]
    modules = map(importlib.import_module, outer)
    return [f"{each.__name__}.{name}" for each in modules for name in getattr(each, "__all__", [])]


def reference(docs):
    """Full names in the tables of docs/api.rst: what they are imported as."""
    module, names = None, []
    for line in (docs / "api.rst").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)$", line):
            module = found[1]
        elif found := re.match(r"   (\w+)$", line):
            names.append(f"{module}.{found[1]}")
    return names


PUBLIC = public_names()
CLASSES = [each for each in PUBLIC if each.rpartition(".")[2][0].isupper()]


def value_of(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


# ---- API reference -------------------------------------------------------------------------


def test_the_api_reference_has_every_public_name_once_and_no_other(docs):
    assert sorted(reference(docs)) == sorted(PUBLIC)


@pytest.mark.parametrize("package", INNER)
def test_packages_left_out_of_it_are_declared_inner(docs, package):
    text = " ".join((docs / "api.rst").read_text(encoding="utf-8").split())
    declared = re.search(r"the modules of (.+?), may change without notice", text)[1]
    assert f"`{package}`" in declared


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_class_has_an_example_that_is_run(name):
    """As pytest finds it with --doctest-modules: in the module that defines the class."""
    cls = value_of(name)
    assert NumpyDocString(inspect.getdoc(cls))["Examples"]
    module = sys.modules[cls.__module__]
    tests = doctest.DocTestFinder().find(cls, name=cls.__name__, module=module)
    own = next(test for test in tests if test.name == cls.__name__)
    run = [each for each in own.examples if not each.options.get(doctest.SKIP)]
    assert any(cls.__name__ in each.source for each in run)


# ---- Diagrams ------------------------------------------------------------------------------


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setenv("SKAUTOENCODER_DOCS_URL", "https://docs.example/stable/")
    return "https://docs.example/stable"


def links_in(estimator):
    """Addresses behind the question marks of an estimator's HTML diagram."""
    html = estimator._repr_html_()
    return re.findall(r'<a class="sk-estimator-doc-link[^>]*href="([^"]*)"', html)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_the_diagram_links_to_the_page_of_the_estimator(cls, address, docs):
    assert links_in(cls()) == [f"{address}/generated/skautoencoder.{cls.__name__}.html"]
    # autosummary names the page by the name in the reference.
    assert f"skautoencoder.{cls.__name__}" in reference(docs)


def test_so_do_the_steps_of_pipelines_and_the_parts_of_other_estimators(address):
    pipeline = make_pipeline(
        StandardScaler(),
        make_column_transformer((AutoencoderImputer(), [0, 1])),
        AutoencoderOutlierDetector(AutoencoderTransformer()),
    )
    own = [link for link in links_in(pipeline) if "scikit-learn.org" not in link]
    names = ["AutoencoderImputer", "AutoencoderOutlierDetector", "AutoencoderTransformer"]
    assert own == [f"{address}/generated/skautoencoder.{name}.html" for name in names]


def test_an_estimator_of_someone_elses_links_nowhere(address):
    class OwnTransformer(AutoencoderTransformer):
        pass

    assert links_in(OwnTransformer()) == []


@pytest.fixture
def metadata(monkeypatch, tmp_path):
    """Write metadata of the package that are found before the installed ones."""
    monkeypatch.delenv("SKAUTOENCODER_DOCS_URL", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "skautoencoder-99.dist-info"
    folder.mkdir()

    def metadata(*urls):
        lines = ["Metadata-Version: 2.1", "Name: skautoencoder", "Version: 99"]
        lines += [f"Project-URL: {url}" for url in urls]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")

    return metadata


def test_without_the_variable_the_address_is_that_of_the_packages_metadata(metadata):
    metadata("Source, https://code.example", "Documentation, https://docs.example")
    page = "https://docs.example/generated/skautoencoder.AutoencoderImputer.html"
    assert links_in(AutoencoderImputer()) == [page]


def test_where_no_address_is_known_the_diagram_has_no_link(metadata):
    metadata("Source, https://code.example")
    assert links_in(AutoencoderTransformer()) == []


# ---- Formulas ------------------------------------------------------------------------------


@pytest.fixture
def convert(docs, monkeypatch):
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    pytest.importorskip("math_core", reason="math-core is not installed")
    monkeypatch.syspath_prepend(docs)
    return importlib.import_module("mathml").convert


def test_a_formula_of_several_lines_is_aligned(convert):
    assert convert(r"x &= 1 \\ y &= 2", True).count("<mtr>") == 2


def test_a_command_that_is_not_known_is_an_error(convert):
    with pytest.raises(importlib.import_module("math_core").LatexError, match="foo"):
        convert(r"\foo")
