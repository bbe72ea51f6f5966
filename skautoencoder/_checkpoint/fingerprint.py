"""What two runs must have in common for one to go on where the other was stopped.

The rows themselves are in no checkpoint, so a hash of them has to do.
"""

import hashlib
import json
from numbers import Real

import numpy as np
from scipy import sparse

from .._version import __version__
from ..network.dataset import block_slices

# They change nothing of a run: what a warm start begins with is looked at itself.
WITHOUT_EFFECT = {"verbose", "warm_start", "random_state"}


def fingerprint(estimator, rows, trainer):
    """Name and value of everything that must be the same, values as JSON has them."""
    params = estimator.get_params(deep=False)
    # The seed itself: a RandomState must be in the same state. None is any seed.
    seed = None if estimator.random_state is None else entropy_of(trainer.rng)
    return {
        "skautoencoder": __version__,
        "NumPy": np.__version__,
        "estimator": type(estimator).__qualname__,
        **{name: describe(params[name]) for name in sorted(params.keys() - WITHOUT_EFFECT)},
        "random_state": seed,
        "the dtype of X": rows.dtype.name,
        "the shape of X": list(rows.X.shape),
        "X": {"hash": _hash(_parts_of(rows.X))},
        **({} if rows.targets is None else {"y": describe(rows.targets)}),
        "sample_weight": describe(rows.sample_weight),
        "how a batch is cut, which follows the number of BLAS threads,": trainer.n_parts,
        "what training starts from": _start(estimator, trainer),
    }


def differences(there, here):
    """What differs between the fingerprint of a file and one's own, in words; "" for nothing."""
    names = [name for name in here if json.dumps(there.get(name)) != json.dumps(here[name])]
    # Whatever else differs makes for another start.
    names = names[:-1] if len(names) > 1 and names[-1] == [*here][-1] else names
    return "; ".join(_difference(name, there.get(name), here[name]) for name in names)


def entropy_of(rng):
    """The seed of a generator of `_random.generators`."""
    return describe(rng.bit_generator.seed_seq.entropy)


def describe(value):
    """A value as JSON has it: numbers and texts as they are, arrays as their hash.

    Objects are described by their parameters, or else by their attributes.
    """
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return {"hash": _hash([value]), "shape": list(value.shape), "dtype": value.dtype.str}
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [describe(each) for each in value]
    # NumPy's own functions have no qualified name in NumPy 2.0.
    names = (getattr(value, key, None) for key in ("__qualname__", "__name__"))
    name = next(filter(None, names), type(value).__qualname__)
    return {"type": name, **{str(key): describe(each) for key, each in _held(value).items()}}


def _held(value):
    """What an object holds, by name."""
    if isinstance(value, dict):
        return value
    return value.get_params() if hasattr(value, "get_params") else getattr(value, "__dict__", {})


def _start(estimator, trainer):
    """Hash of the first weights, and of what else a warm start has from the fit before."""
    solver_state = trainer.state
    arrays = [solver_state[key] for key in sorted(solver_state) if key != "step"]
    arrays += [each for each in (estimator.shift_, estimator.scale_) if each is not None]
    counts = [solver_state["step"], estimator.n_iter_, estimator.t_]
    bottleneck = trainer.autoencoder.bottleneck.state()
    arrays += [] if bottleneck is None else [bottleneck]
    parts = [trainer.parameters.flat, *arrays, np.array(counts)]
    return {"hash": _hash(parts)}


def _parts_of(X):
    """Yield arrays that together are X; a part of a memory map is read when it is asked for."""
    if sparse.issparse(X):
        yield from (X.data, X.indices, X.indptr)
    else:
        yield from (X[part] for part in block_slices(*X.shape))


def _hash(arrays):
    """One hash of the bytes of several arrays."""
    state = hashlib.blake2b(digest_size=16)
    for array in arrays:
        state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return state.hexdigest()


def _difference(name, there, here):
    if isinstance(here, dict) and "hash" in here:
        return f"{name} is not the same"
    # A file may say anything: it is shown short and without control characters.
    return f"{name} is {there!r:.80} there and {here!r:.80} here"
