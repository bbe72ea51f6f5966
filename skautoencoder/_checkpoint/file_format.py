"""The bytes of a checkpoint: a checksum, one JSON text, and the arrays that it names.

Nothing in it can run: numbers are read as numbers, and arrays as the bytes that they are. Unlike
a zip archive it has no place that a checksum would not cover, and nothing in it is larger once
it is read.
"""

import hashlib
import json
import math

import numpy as np

MAGIC = b"skautoencoder checkpoint 1\n"
DTYPES = {"<f4", "<f8", "<i4", "<i8", ">f4", ">f8", ">i4", ">i8"}

# Arrays of a run have one dimension, and no size of any array is as large.
MAX_DIMENSIONS = 8
LARGE_SIZE = 2**63

# Stands in the JSON text where an array was: its dtype and shape. They follow in this order.
ARRAY_KEY = "array"


def encode(content):
    """The bytes of a tree of dicts, lists, numbers, texts and arrays."""
    arrays = []

    def describe(array):
        if not isinstance(array, np.ndarray) or array.dtype.str not in DTYPES:
            raise TypeError(f"a checkpoint has no place for a {type(array).__name__}")
        arrays.append(array)
        return {ARRAY_KEY: [array.dtype.str, *array.shape]}

    text = json.dumps(content, default=describe).encode()
    parts = [len(text).to_bytes(8, "little"), text, *(array.tobytes() for array in arrays)]
    body = b"".join(parts)
    return MAGIC + _checksum(body) + body


def decode(content):
    """The tree that `encode` made these bytes of; ValueError where they are not as it left them."""
    body = memoryview(content)[len(MAGIC) + len(_checksum(b"")) :]
    if not content.startswith(MAGIC):
        raise ValueError("it does not begin as one")
    if content[len(MAGIC) : len(content) - len(body)] != _checksum(body):
        raise ValueError("its checksum is wrong: it is damaged or cut short")
    text_end = 8 + int.from_bytes(body[:8], "little")
    arrays = _Arrays(body[text_end:])
    tree = json.loads(bytes(body[8:text_end]), object_hook=arrays.put_in)
    if len(arrays.unread):
        raise ValueError("there are bytes after its end")
    return tree


class _Arrays:
    """Arrays that lie one after the other, each read where the text names it."""

    def __init__(self, unread):
        self.unread = unread

    def put_in(self, part):
        """The array that a part of the text stands for, or the part itself."""
        return self._next(*part[ARRAY_KEY]) if part.keys() == {ARRAY_KEY} else part

    def _next(self, dtype, *shape):
        is_shape = all(type(size) is int and size >= 0 for size in shape)
        if dtype not in DTYPES or not is_shape or len(shape) > MAX_DIMENSIONS:
            raise ValueError("an array of unknown kind")
        # The product of small numbers alone: that of large ones takes for ever.
        n_bytes = math.prod(min(size, LARGE_SIZE) for size in shape) * np.dtype(dtype).itemsize
        if n_bytes > len(self.unread):
            raise ValueError("an array that is larger than the file")
        array = np.frombuffer(self.unread[:n_bytes], dtype).reshape(shape)
        self.unread = self.unread[n_bytes:]
        # By its type it gets NumPy's own dtype object, and pickles of it are the same bytes, too.
        return array.astype(array.dtype.type)


def _checksum(body):
    return hashlib.sha256(body).digest()
