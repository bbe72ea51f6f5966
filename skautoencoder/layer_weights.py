"""Layer weights: matrices (n_out, n_in + 1), the biases in the last column.

The form in which the original "Autoencoder from Scratch" stored its networks: a `.npy`
file whose array of objects is a pickle. A pickle can run code when it is loaded; the
reader here runs nothing that the file contains.
"""

import io
import math
import pickle
from itertools import pairwise

import numpy as np

# What numpy.save writes for an array of objects, by NumPy 1 and 2 and pickle protocols
# 2 to 5: enough to build tuples, lists, strings, bytes and numbers.
_ALLOWED_OPCODES = {
    *("PROTO", "FRAME", "STOP", "MARK", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
    *("MEMOIZE", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
    *("NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINSTRING", "BINSTRING"),
    *("SHORT_BINBYTES", "BINBYTES"),
}


# numpy.save needs about thirty opcodes for a matrix.
MAX_OPCODES_PER_LAYER = 100
MAX_LAYERS = 10_000

# Every number must have bytes of its own in the file: parts of a pickle may refer to others, so
# that a small file could stand for any amount of them.
REPEATED = "more numbers than it has bytes for"


class _ArrayRecord:
    """Stands for an array while the file is read: keeps what it is told, does nothing."""

    state = None

    def __setstate__(self, state):
        self.state = state


class _DtypeRecord(_ArrayRecord):
    """Stands for a dtype in the same way."""

    def __init__(self, code="", align=False, copy=False):
        self.code = code


def _new_array(kind=None, shape=None, code=None):
    return _ArrayRecord()


class _RecordUnpickler(pickle.Unpickler):
    """Admits the names that arrays are pickled with, and gives inert records for them."""

    def __init__(self, pickled):
        super().__init__(io.BytesIO(pickled))
        self._n_bytes_left = len(pickled)
        self._records = {
            ("numpy._core.multiarray", "_reconstruct"): _new_array,
            ("numpy.core.multiarray", "_reconstruct"): _new_array,
            ("numpy", "ndarray"): None,
            ("numpy", "dtype"): _DtypeRecord,
            ("_codecs", "encode"): self._encode,
        }

    def find_class(self, module, name):
        if (module, name) not in self._records:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return self._records[module, name]

    def _encode(self, text, encoding):
        """Pickle protocol 2 writes bytes as a str and its encoding."""
        if not isinstance(text, str) or encoding != "latin1":
            raise pickle.UnpicklingError("bytes in an unknown encoding")
        self._n_bytes_left -= len(text)
        if self._n_bytes_left < 0:
            raise pickle.UnpicklingError(REPEATED)
        return text.encode("latin1")


def read_layer_weights(path):
    """Read layer weights from a `.npy` file, without running anything that it contains.

    ``numpy.load(path, allow_pickle=True)`` would run whatever code a hostile file asks
    for. This reader admits nothing but numeric NumPy arrays, and takes time and memory in
    proportion to the file.

    Parameters
    ----------
    path : str or path-like
        A file written by ``numpy.save`` from a list or object array of matrices.

    Returns
    -------
    layer_weights : list of ndarray of shape (n_out, n_in + 1)
        Weights of every layer, the biases in the last column, float32 or float64.

    Raises
    ------
    ValueError
        Where the file is damaged or holds anything but such matrices.

    See Also
    --------
    AutoencoderTransformer.from_layer_weights : Make an estimator of them.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from skautoencoder import read_layer_weights
    >>> matrices = np.empty(2, dtype=object)
    >>> matrices[:] = [np.zeros((2, 5)), np.zeros((4, 3))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "layer_weights.npy")
    ...     np.save(path, matrices)
    ...     [matrix.shape for matrix in read_layer_weights(path)]
    [(2, 5), (4, 3)]
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        return _parse(content)
    except Exception as error:
        # What the file says of itself is shown short and without control characters.
        reason = str(error).encode("unicode_escape").decode()[:200]
        raise ValueError(
            f"{str(path)!r} holds no layer weights ({reason}): expected a .npy file with an "
            "array of float matrices of shape (n_out, n_in + 1). Nothing of it was run."
        ) from None


def _parse(content):
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("not version 1.0 of the .npy format")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if not (shape and 1 <= shape[0] <= MAX_LAYERS):
        raise ValueError("no matrices, or too many of them")
    body = content[stream.tell() :]
    if dtype.kind == "O":
        return [_check_matrix(matrix) for matrix in _unpickle(body, shape)]
    # All matrices of one shape: numpy.save has stored a plain array of numbers.
    matrices = _build_array(body, shape, dtype, is_fortran, ndim=3)
    return [_check_matrix(matrix.copy()) for matrix in matrices]


def _unpickle(pickled, shape):
    """The matrices of a pickled array of objects of this shape."""
    _refuse_odd_opcodes(pickled, MAX_OPCODES_PER_LAYER * (1 + shape[0]))
    _, outer_shape, _, _, records = _array_state(_RecordUnpickler(pickled).load())
    if len(shape) != 1 or outer_shape != shape or len(records) != shape[0]:
        raise ValueError("its parts contradict each other")
    states = [_array_state(record) for record in records]
    buffers = [buffer for *_, buffer in states]
    if not all(isinstance(buffer, bytes) for buffer in buffers):
        raise ValueError("a matrix without bytes")
    if sum(map(len, buffers)) > len(pickled):
        raise ValueError(REPEATED)
    return [
        _build_array(buffer, shape, _dtype(record), is_fortran, ndim=2)
        for _, shape, record, is_fortran, buffer in states
    ]


def _refuse_odd_opcodes(pickled, max_opcodes):
    """Raise unless the pickle is made of what numpy.save writes, to its last byte."""
    # Here, for the package's import: it takes 2 ms.
    import pickletools

    end = 0
    for number, (opcode, argument, position) in enumerate(pickletools.genops(pickled)):
        if number > max_opcodes:
            raise ValueError("more opcodes than its matrices need")
        if opcode.name not in _ALLOWED_OPCODES:
            raise ValueError(f"unexpected opcode {opcode.name}")
        # A huge index would make the unpickler reserve memory for it.
        if "PUT" in opcode.name and argument > len(pickled):
            raise ValueError("a memo index out of range")
        end = position + 1
    if end != len(pickled):
        raise ValueError("bytes after its end")


def _array_state(record):
    """The five parts of an array's pickled state."""
    state = record.state if type(record) is _ArrayRecord else None
    if not isinstance(state, tuple) or len(state) != 5:
        raise ValueError("something that is not an array")
    return state


def _dtype(record):
    """The dtype that a record stands for."""
    code = record.code if type(record) is _DtypeRecord else None
    order = record.state[1] if code and isinstance(record.state, tuple) else "<"
    if code not in ("f4", "f8") or order not in ("<", ">"):
        raise ValueError("a matrix that is not of float32 or float64")
    return np.dtype(order + code)


def _build_array(buffer, shape, dtype, is_fortran, ndim):
    """The array of floats whose bytes these are, to the last one."""
    if dtype.kind != "f" or dtype.itemsize not in (4, 8):
        raise ValueError("numbers that are not of float32 or float64")
    is_shape = isinstance(shape, tuple) and all(type(size) is int and size > 0 for size in shape)
    if not is_shape or len(shape) != ndim or math.prod(shape) * dtype.itemsize != len(buffer):
        raise ValueError("its size is not that of its numbers")
    array = np.frombuffer(buffer, dtype).reshape(shape, order="F" if is_fortran else "C")
    return array.astype(dtype.newbyteorder("="), order="C")


def _check_matrix(matrix):
    if matrix.ndim != 2 or matrix.shape[0] < 1 or matrix.shape[1] < 2:
        raise ValueError(f"a matrix of shape {matrix.shape}")
    if matrix.dtype not in (np.float32, np.float64) or not np.isfinite(matrix).all():
        raise ValueError("a matrix whose numbers are not finite and of float32 or float64")
    return matrix


def from_layer_form(layer_weights):
    """Split matrices (n_out, n_in + 1) into coefs (n_in, n_out) and intercepts."""
    matrices = [np.asarray(matrix) for matrix in layer_weights]
    if any(matrix.dtype.kind not in "fiu" or not np.isfinite(matrix).all() for matrix in matrices):
        raise ValueError("layer_weights must be matrices of finite real numbers.")
    if len(matrices) < 2:
        raise ValueError(
            "layer_weights must hold at least two matrices, an encoder's and a decoder's. "
            f"Got {len(matrices)} instead."
        )
    dtype = np.float32 if all(m.dtype == np.float32 for m in matrices) else np.float64
    matrices = [_check_matrix(matrix.astype(dtype)) for matrix in matrices]
    shapes = [matrix.shape for matrix in matrices]
    chained = all(b[1] == a[0] + 1 for a, b in pairwise(shapes))
    if not chained or shapes[-1][0] != shapes[0][1] - 1:
        raise ValueError(
            "layer_weights must be matrices (n_out, n_in + 1), each taking what the one before "
            f"gives, and the last giving what the first takes. Got shapes {shapes} instead."
        )
    return [np.ascontiguousarray(m[:, :-1].T) for m in matrices], [
        m[:, -1].copy() for m in matrices
    ]


def split_at_code(intercepts, n_components):
    """Number of the encoder's layers: up to the layer that is n_components wide.

    Of several, the one nearest to the middle is the code.
    """
    widths = [len(intercept) for intercept in intercepts]
    candidates = [i + 1 for i, width in enumerate(widths[:-1]) if width == n_components]
    if not candidates:
        raise ValueError(
            f"n_components={n_components!r} is not the width of any hidden layer of "
            f"layer_weights: choose one of {sorted(set(widths[:-1]))}."
        )
    return min(candidates, key=lambda n_layers: abs(n_layers - len(widths) / 2))


def to_layer_form(coefs, intercepts, scaling, output_activation):
    """Join coefs and intercepts, with the scaling worked in, into an array of matrices."""
    coefs, intercepts = list(coefs), list(intercepts)
    if scaling is not None:
        if output_activation != "identity":
            raise ValueError(
                "Layer weights cannot express a scaling after "
                f"output_activation={output_activation!r}: fit with scale=None or with "
                "output_activation='identity'."
            )
        coefs[0] = coefs[0] / scaling.scale[:, np.newaxis]
        intercepts[0] = intercepts[0] - scaling.shift @ coefs[0]
        coefs[-1] = coefs[-1] * scaling.scale
        intercepts[-1] = intercepts[-1] * scaling.scale + scaling.shift
    matrices = np.empty(len(coefs), dtype=object)
    for i, (weights, bias) in enumerate(zip(coefs, intercepts, strict=True)):
        matrices[i] = np.column_stack([weights.T, bias])
    return matrices
