"""Formulas as MathML, which browsers set without a script and without asking another host."""

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging

logger = logging.getLogger(__name__)
converter = LatexToMathML(fancy_error=False)


def visit_inline(translator, node):
    add_formula(translator, node, "span", displaystyle=False)


def visit_block(translator, node):
    add_formula(translator, node, "div", displaystyle=True)


def add_formula(translator, node, tag, displaystyle):
    """Write a formula in an element of its own, so that a wide one can scroll by itself."""
    translator.body.append(translator.starttag(node, tag, "", CLASS="math notranslate"))
    try:
        translator.body.append(convert(node.astext(), displaystyle))
    except LatexError as error:
        logger.warning("Formula %r: %s", node.astext(), error, location=node)
    translator.body.append(f"</{tag}>")
    raise nodes.SkipNode


def convert(formula, displaystyle=False):
    if r"\\" in formula:  # as Sphinx does for its other renderers
        formula = rf"\begin{{aligned}}{formula}\end{{aligned}}"
    return converter.convert_with_local_state(formula, displaystyle=displaystyle)


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
