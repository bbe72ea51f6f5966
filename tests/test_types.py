"""The stubs name what the package has, with the same parameters: what pyright cannot see."""

import ast
import inspect
from pathlib import Path

import pytest

import skautoencoder
from skautoencoder import plotting

# Every class of scikit-learn's has them.
INHERITED = {"get_params", "set_params", "get_metadata_routing"}
KINDS = {
    "posonlyargs": inspect.Parameter.POSITIONAL_ONLY,
    "args": inspect.Parameter.POSITIONAL_OR_KEYWORD,
    "kwonlyargs": inspect.Parameter.KEYWORD_ONLY,
}


def stub_of(module):
    tree = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }


def re_exported(module):
    """Names that the stub takes from the sources, with their types."""
    tree = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    return {alias.asname for node in imports for alias in node.names if alias.asname}


def parameters_in(function):
    """Name, kind and whether there is a default, as the stub has them."""
    arguments = function.args
    n_defaults = len(arguments.defaults)
    optional = {each.arg for each in arguments.args[len(arguments.args) - n_defaults :]}
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    optional |= {each.arg for each, default in pairs if default is not None}
    named = [(each.arg, kind) for part, kind in KINDS.items() for each in getattr(arguments, part)]
    found = {(name, kind, name in optional) for name, kind in named if name not in ("self", "cls")}
    for rest, kind in (("vararg", "VAR_POSITIONAL"), ("kwarg", "VAR_KEYWORD")):
        if getattr(arguments, rest):
            found.add((getattr(arguments, rest).arg, getattr(inspect.Parameter, kind), False))
    return found


def parameters_of(function):
    given = inspect.signature(function).parameters.values()
    return {
        (each.name, each.kind, each.default is not each.empty)
        for each in given
        if each.name != "self"
    }


def methods_in(name, stub):
    """Methods of a class in the stub, its own and those of its bases there."""
    bases = [base.id for base in stub[name].bases if base.id in stub]
    inherited = [methods_in(base, stub) for base in bases]
    own = {each.name: each for each in stub[name].body if isinstance(each, ast.FunctionDef)}
    return {name: method for methods in [*inherited, own] for name, method in methods.items()}


def public_methods(cls):
    names = {name for name in dir(cls) if name[0] != "_" and callable(getattr(cls, name))}
    return {name for name in names - INHERITED if not name.endswith("_request")}


STUBS = {module: stub_of(module) for module in (skautoencoder, plotting)}
FUNCTIONS = [
    name for name, node in STUBS[skautoencoder].items() if isinstance(node, ast.FunctionDef)
]
CLASSES = [
    (module, name)
    for module, stub in STUBS.items()
    for name, node in stub.items()
    if isinstance(node, ast.ClassDef) and name[0] != "_"
]


@pytest.mark.parametrize("module", STUBS, ids=lambda each: each.__name__)
def test_the_stub_has_every_public_name_and_no_other(module):
    own = {name for name in STUBS[module] if name[0] != "_"} | re_exported(module)
    assert own - {"__version__", "plotting"} == {*module.__all__}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_same_parameters_there(name):
    stub = STUBS[skautoencoder][name]
    assert parameters_in(stub) == parameters_of(getattr(skautoencoder, name))


@pytest.mark.parametrize(("module", "name"), CLASSES, ids=lambda each: str(each).split(".")[-1])
def test_classes_have_the_same_methods_and_parameters_there(module, name):
    cls, methods = getattr(module, name), methods_in(name, STUBS[module])
    assert {each for each in methods if each[0] != "_"} == public_methods(cls)
    for method, node in methods.items():
        assert parameters_in(node) == parameters_of(getattr(cls, method)), method


def test_the_package_says_that_it_has_types():
    assert Path(skautoencoder.__file__).with_name("py.typed").exists()
