"""Formulas as MathML, which browsers set without a script and without asking another host.

docutils converts the TeX; what it and browsers do unlike TeX is made good here.
"""

import re
from xml.etree import ElementTree as ET

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

# TeX takes the first digit as the argument, the converter all of them.
UNBRACED = re.compile(r"(?:frac|sqrt|\^|_)\s*\d\d")
# Only a pair of delimiters gets one size.
BAR = re.compile(r"\\([lr])([vV]ert)\b")
PAIRED = {"l": r"\left", "r": r"\right"}
SCRIPTED = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
# Between a function and its argument; it is not seen.
APPLY = "\u2061"
THIN_SPACE = {"width": "0.167em"}


def visit_inline(translator, node):
    add_formula(translator, node, "span", as_block=False)


def visit_block(translator, node):
    add_formula(translator, node, "div", as_block=True)


def add_formula(translator, node, tag, as_block):
    """Write a formula in an element of its own, so that a wide one can scroll by itself."""
    translator.body.append(translator.starttag(node, tag, "", CLASS="math notranslate"))
    try:
        translator.body.append(convert(node.astext(), as_block))
    except MathError as error:
        logger.warning("Formula %r: %s", node.astext(), error, location=node)
    translator.body.append(f"</{tag}>")
    raise nodes.SkipNode


def convert(formula, as_block):
    """MathML of a formula; MathError where it would not be what TeX makes of it."""
    if found := UNBRACED.search(formula):
        raise MathError(f"put braces around the digits of {found.group()!r}")
    paired = BAR.sub(lambda bar: PAIRED[bar[1]] + bar[0], formula)
    # XML knows no entities by name.
    text = tex2mathml(paired, as_block=as_block).replace("&ApplyFunction;", APPLY)
    math = ET.fromstring(re.sub(r' xmlns="[^"]*"', "", text))
    for element in list(math.iter()):
        set_index_beside(element)
        space_operators(element)
    ET.indent(math, "")
    return ET.tostring(math, encoding="unicode", short_empty_elements=False)


def set_index_beside(element):
    r"""Set the index of \tilde x_j beside the letter, not below."""
    if element.tag == "munderover" and is_accent(element[2]):
        letter, index, accent = element
        base = ET.Element("mover", accent="true")
        base.extend([letter, accent])
        element.tag = "msub"
        element[:] = [base, index]


def is_accent(element):
    return element.tag == "mo" and element.get("stretchy") == "false"


def space_operators(element):
    r"""Set \log and the like a thin space off their argument, but not off a parenthesis."""
    children = [each for each in element if each.text != APPLY]
    element[:] = children
    for child in children:
        if child.tag == "mo" and child.text.isalpha():
            child.attrib.update(lspace="0", rspace="0")
    if element.tag in SCRIPTED:
        return
    # From the end, where what is put in moves nothing that is still to come.
    for place, child in reversed([*enumerate(children[1:], 1)]):
        if is_operator(children[place - 1]) and child.tag != "mo":
            element.insert(place, ET.Element("mspace", THIN_SPACE))


def is_operator(element):
    """Whether an element is a name of several letters, or one with an index."""
    if element.tag in SCRIPTED:
        element = element[0]
    return element.tag in {"mi", "mo"} and len(element.text) > 1 and element.text.isalpha()


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
