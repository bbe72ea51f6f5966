import importlib
import runpy
import sys
from pathlib import Path
from urllib.error import URLError

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn.datasets

EXAMPLES = Path(__file__).parents[1] / "examples"
MNIST = EXAMPLES / "scale" / "plot_mnist.py"


def test_every_example_has_its_place_in_the_gallery(monkeypatch):
    folder = EXAMPLES.parent / "docs"
    if not folder.exists():
        pytest.skip("installed without the documentation's sources")
    monkeypatch.syspath_prepend(folder)
    sections = importlib.import_module("gallery").SECTIONS
    named = [EXAMPLES / name / f"plot_{each}.py" for name in sections for each in sections[name]]
    assert sorted(named) == sorted(EXAMPLES.rglob("*.py"))
    assert all((EXAMPLES / name / "GALLERY_HEADER.rst").exists() for name in sections)


@pytest.fixture
def run_mnist(monkeypatch, tmp_path):
    """Run the MNIST example without network, in an empty folder."""

    def no_network(*args, **params):
        raise URLError("no route to host")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", [str(MNIST), *arguments])
        runpy.run_path(str(MNIST), run_name="__main__")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", no_network)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    yield run
    plt.close("all")


def test_mnist_without_network_says_what_to_do(run_mnist, capsys, tmp_path):
    run_mnist()
    message = capsys.readouterr().out
    assert "no route to host" in message
    assert str(tmp_path / "data") in message
    assert "plot_mnist.py mnist.npz" in message
    assert not (tmp_path / "mnist.png").exists()


def test_mnist_names_the_file_that_is_missing(run_mnist, capsys):
    run_mnist("missing.npz")
    assert "missing.npz" in capsys.readouterr().out


def test_mnist_draws_what_a_file_holds(run_mnist, capsys, tmp_path):
    X = np.random.default_rng(0).integers(256, size=(60, 784), dtype=np.uint8)
    np.savez(tmp_path / "small.npz", X_train=X[:40], X_test=X[40:])
    run_mnist("small.npz")
    assert "test error" in capsys.readouterr().out
    assert (tmp_path / "mnist.png").stat().st_size > 10_000
