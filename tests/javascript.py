"""The scripts of the explorer's page, run by node."""

import json
import shutil
import subprocess

import pytest

from skautoencoder.explorer.page import activations, asset

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def run_in_node(code, values):
    """What the code, behind the page's activations and decoder.js, makes of `input`."""
    script = f"""{activations()}
    {asset("decoder.js")}
    const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
    {code}"""
    result = subprocess.run(
        [NODE, "-e", script], input=json.dumps(values), capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout)
