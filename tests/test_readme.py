"""The README's code runs, and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Other processors and versions round in another order, which training enlarges.
TOLERANCE = 0.03

TEXT = README.read_text(encoding="utf-8") if README.exists() else ""
BLOCKS = BLOCK.findall(TEXT)


def printed(code):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, str(README), "exec"), {})
    return output.getvalue()


def test_every_block_of_code_is_followed_by_what_it_prints():
    assert len(BLOCKS) == TEXT.count("```python")
    assert all(expected for _, expected in BLOCKS)


@pytest.mark.slow
@pytest.mark.parametrize(("code", "expected"), BLOCKS, ids=range(len(BLOCKS)))
def test_it_prints_that(code, expected):
    """Word for word, and fractions to within the tolerance."""
    output = printed(code)
    assert NUMBER.sub("#", output) == NUMBER.sub("#", expected)
    for number, promised in zip(NUMBER.findall(output), NUMBER.findall(expected), strict=True):
        tolerance = TOLERANCE if "." in promised else 0
        np.testing.assert_allclose(float(number), float(promised), rtol=0, atol=tolerance)


def test_files_that_it_links_to_exist():
    if not (README.parent / "examples").exists():
        pytest.skip("installed without the repository's own files")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
