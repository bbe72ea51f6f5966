"""Routine jobs: `nox -s tests-3.13`, and oldest, lint, packages, docs or benchmarks instead."""

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
BENCHMARKS = (
    *("run", "ablation", "outliers", "imputation", "supervised", "tables"),
    *("dask_training", "dask_transform"),
)
PROJECT = nox.project.load_toml("pyproject.toml")["project"]

nox.options.sessions = ["lint", "tests", "oldest", "packages", "docs", "benchmarks"]


@nox.session(python=PYTHONS)
def tests(session):
    """Run the tests with the newest versions of all dependencies."""
    session.install(".[plot,tests]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session):
    """Run the tests with the oldest versions that pyproject.toml allows."""
    extras = PROJECT["optional-dependencies"]
    requirements = [*PROJECT["dependencies"], *extras["plot"], *extras["tests"]]
    # Old matplotlib calls pyparsing by names that later versions warn about.
    lowest = [*(lowest_version(each) for each in requirements), "pyparsing<3.3"]
    session.install(*lowest)
    session.install("--no-deps", ".")
    session.run("python", "-m", "pip", "list")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session):
    """Check style, format, types, and who imports whom."""
    tools = ("ruff", "import-linter", "pyright")
    session.install(*(e for e in PROJECT["optional-dependencies"]["dev"] if e.startswith(tools)))
    session.install(".[plot]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("pyright", "--pythonpath", session.virtualenv.bin + "/python")


@nox.session
def packages(session):
    """Build wheel and sdist, and see that both work."""
    session.install(".[plot,tests]")
    session.run("bash", ".ci/packages", session.virtualenv.bin + "/python", external=True)


@nox.session
def docs(session):
    """Build the site, run its examples and see it in a browser; a warning is an error."""
    session.install(".[docs]")
    build(session, "html", *session.posargs)
    build(session, "doctest", "-D", "plot_gallery=0")
    # Built in part, as with `-- -D plot_gallery=0`, the site lacks what the examples write.
    if not session.posargs:
        session.run("python", "docs/check_site.py", "docs/_build/html")


@nox.session
def benchmarks(session):
    """See that the benchmarks run, and that the defaults do not fall below PCA."""
    session.install(".[dask]")
    for name in BENCHMARKS:
        session.run("python", f"benchmarks/{name}.py", "--short")


def build(session, builder, *options):
    session.run(
        *("sphinx-build", "-E", "-n", "-W", "--keep-going", "-b", builder, *options),
        *("docs", f"docs/_build/{builder}"),
    )


def lowest_version(requirement):
    """Turn "name>=1.0" into "name==1.0"."""
    name, version = requirement.split(">=")
    return f"{name}=={version}"
