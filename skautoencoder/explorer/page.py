"""One HTML file, made of the template, style and scripts beside this module."""

import base64
import hashlib
import html
import json
from importlib.resources import files
from string import Template

from ..network.activations import ACTIVATIONS

SCRIPTS = ("decoder.js", "drawing.js", "legend.js", "app.js")


def page(title, contents):
    """The whole page as text; nothing in the title or contents can become HTML or script."""
    style = asset("style.css")
    script = "\n".join(['"use strict";', activations(), *map(asset, SCRIPTS)])
    return Template(asset("page.html")).substitute(
        title=html.escape(title),
        policy=html.escape(policy(style, script)),
        style=style,
        script=script,
        contents=safe_json(contents),
    )


def asset(name):
    """Text of a file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def activations():
    """A table of the activations as JavaScript functions."""
    entries = [f"  {name}: (z) => {each.javascript},\n" for name, each in ACTIVATIONS.items()]
    return f"const ACTIVATIONS = {{\n{''.join(entries)}}};"


def policy(style, script):
    """Content security policy: these very scripts and styles, and no request to anywhere."""
    return (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; img-src data:"
    )


def digest(text):
    """SHA-256 of what stands between two tags, as the policy writes it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def safe_json(contents):
    """JSON that cannot end the script element it stands in, whatever strings it holds."""
    text = json.dumps(contents, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
