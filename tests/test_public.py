"""What users import, and what importing it costs."""

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString

import skautoencoder
from skautoencoder import AutoencoderTransformer, VariationalAutoencoderTransformer, plotting

PUBLIC = [getattr(module, name) for module in (skautoencoder, plotting) for name in module.__all__]
CLASSES = [each for each in PUBLIC if inspect.isclass(each)]
DISPLAYS = [getattr(plotting, name) for name in plotting.__all__]


FLOATS = {"np.nan": np.nan, "np.inf": np.inf, "-np.inf": -np.inf}


def documented_default(description):
    """The default that the docstring states, that of a signature without one if it states none."""
    default = re.search(r"default=(.+)$", description)
    if default is None:
        return inspect.Parameter.empty
    return FLOATS.get(default.group(1)) or ast.literal_eval(default.group(1))


def check_parameters(function):
    documented = {
        parameter.name: documented_default(parameter.type)
        for parameter in NumpyDocString(inspect.getdoc(function))["Parameters"]
    }
    signature = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }
    assert documented == signature


@pytest.mark.parametrize("cls", CLASSES)
def test_docstrings_state_the_parameters_and_defaults_of_the_signature(cls):
    check_parameters(cls)


@pytest.mark.parametrize("method", ["from_estimator", "plot"])
@pytest.mark.parametrize("display", DISPLAYS)
def test_so_do_those_of_the_methods_of_displays(display, method):
    check_parameters(getattr(display, method))


@pytest.mark.parametrize("public", PUBLIC, ids=lambda each: each.__name__)
def test_every_public_name_has_a_docstring_with_an_example(public):
    assert ">>>" in inspect.getdoc(public)


@pytest.mark.parametrize("display", DISPLAYS)
def test_displays_say_what_they_have_drawn_on(display):
    documented = NumpyDocString(inspect.getdoc(display))["Attributes"]
    assert [attribute.name for attribute in documented][-2:] == ["figure_", "axes_"]
    assert not hasattr(skautoencoder, display.__name__)


@pytest.mark.parametrize("cls", [AutoencoderTransformer, VariationalAutoencoderTransformer])
def test_every_fitted_attribute_is_documented(cls, digits):
    autoencoder = cls(max_iter=1).fit(digits)
    autoencoder.feature_names_in_ = None
    fitted = {name for name in vars(autoencoder) if name.endswith("_") and name[0] != "_"}
    documented = NumpyDocString(inspect.getdoc(cls))["Attributes"]
    names = {name.strip() for attribute in documented for name in attribute.name.split(",")}
    assert names == fitted


def modules_after(statement):
    code = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    return set(json.loads(output))


def test_importing_needs_no_matplotlib_and_little_beyond_scikit_learn():
    extra = modules_after("import skautoencoder") - modules_after("import sklearn.base")
    unwanted = {
        "matplotlib",
        "pandas",
        "joblib",
        "skops",
        "onnx",
        "skl2onnx",
        "dask",
        "distributed",
    }
    assert not any(name.split(".")[0] in unwanted for name in extra)
    # Slow parts of scipy and scikit-learn that only some calls would need.
    assert not extra & {"scipy.optimize", "scipy.stats", "sklearn.preprocessing"}


def test_importing_the_displays_needs_no_matplotlib():
    assert not any(
        name.split(".")[0] == "matplotlib"
        for name in modules_after("import skautoencoder.plotting")
    )


def test_scipy_optimize_is_not_imported_before_it_is_needed():
    # Some versions of scikit-learn import it themselves, which hides it from the test above.
    assert not any(
        (getattr(node, "module", None) or "").startswith("scipy.optimize")
        for path in NETWORK.glob("*.py")
        for node in ast.parse(path.read_text()).body
    )


NETWORK = Path(skautoencoder.__file__).parent / "network"


def imported_modules(path):
    """Dotted names of what a file imports, with the leading dots of relative imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", sorted(NETWORK.glob("*.py")), ids=lambda path: path.stem)
def test_the_engine_needs_numpy_and_scipy_only_and_knows_no_estimator(path):
    for module in imported_modules(path):
        is_own = module.startswith(".") and not module.startswith("..")
        assert is_own or module.split(".")[0] in {"numpy", "scipy", *sys.stdlib_module_names}


def test_only_training_brings_solvers_schedules_and_losses_together():
    """The settings object carries them into training; and pretraining chooses its own losses."""
    parts = {".solvers", ".schedules", ".losses"}
    knowing = {p.stem: parts & {*imported_modules(p)} for p in NETWORK.glob("*.py")}
    allowed = {"trainer", "pretraining"}
    assert [name for name, known in knowing.items() if known and name not in allowed] == []


def test_versions_name_the_package_and_what_it_needs(capsys):
    skautoencoder.show_versions()
    shown = capsys.readouterr().out
    for line in (f"skautoencoder  {skautoencoder.__version__}", f"numpy          {np.__version__}"):
        assert line in shown
    assert "blas" in shown


def test_the_package_run_as_a_program_prints_them(capsys):
    skautoencoder.show_versions()
    command = [sys.executable, "-m", "skautoencoder"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[:5] == capsys.readouterr().out.splitlines()[:5]


def test_the_citation_names_the_version():
    citation = NETWORK.parents[1] / "CITATION.cff"
    if not citation.exists():
        pytest.skip("installed without the repository's own files")
    assert f"version: {skautoencoder.__version__}\n" in citation.read_text()


def test_the_version_is_that_of_the_installed_distribution():
    from importlib.metadata import version

    assert version("skautoencoder") == skautoencoder.__version__
