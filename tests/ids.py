"""Names of tests that are the same in each process that collects them."""

import re


def without_addresses(value):
    """The text of a parameter, without where in memory its objects are."""
    return re.sub(r"( object)? at 0x[0-9A-Fa-f]+", "", str(value))
