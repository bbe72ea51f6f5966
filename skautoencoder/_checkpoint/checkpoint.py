"""Checkpoints: a fit that was killed goes on where it was, and ends where it would have ended."""

import os
import threading
import warnings
from contextlib import contextmanager, nullcontext
from numbers import Integral
from pathlib import Path

from ..utils.compat import Interval, validate_parameter_constraints
from .session import CheckpointSession, UnkeptFit, only_fit_of

_open = threading.local()


class Checkpoint:
    """Keeps the state of the fits in its block in a file, and goes on from it.

    Every `every` epochs, a fit in the block writes all of its state to the file at `path`. Where
    that file is there already, the fit goes on from it: run a killed program again, with the same
    data and parameters, and it ends with the same model as if it had never been killed, to the
    last bit. A fit that has come to its end says so in its file, and the same fit with it
    returns at once, and with `verbose` says so; delete the file to train anew.

    Parameters
    ----------
    path : str or path-like
        The file. It is replaced as a whole: a kill, a power cut or a full disk leaves the one
        before as it was. Of several fits in one block, as in an
        :class:`AutoencoderOutlierDetector`, the second has the file ``path.2``, and so on. While
        a fit uses it, ``path.lock`` is beside it.

    every : int, default=10
        Number of epochs from one writing of the file to the next.

    Raises
    ------
    ValueError
        By `fit`, before it trains: where the file is damaged, or was written by a fit with other
        parameters, data or versions, or where the solver is :class:`LBFGS`, whose state is inside
        of SciPy. The file is left as it is.

    OSError
        By `fit`, before it trains: where the file cannot be written, or where another fit is using
        it, in this process or another one (a BlockingIOError).

    Warns
    -----
    UserWarning
        Where the file cannot be written later on: training goes on, and the last file is kept.
        Where there was no fit in the block, or only in other threads or processes.

    See Also
    --------
    save_model : Keeps a fitted model.

    Notes
    -----
    The rows are not in the file, but a hash of them is, for which X is read once. Nothing that a
    file contains is run. `partial_fit` is one pass, and writes nothing.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_digits
    >>> from skautoencoder import AutoencoderTransformer, Checkpoint
    >>> X = load_digits().data / 16
    >>> autoencoder = AutoencoderTransformer(10, max_iter=5, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Checkpoint(os.path.join(folder, "digits.ckpt"), every=2):
    ...         codes = autoencoder.fit_transform(X)
    ...     os.listdir(folder)
    ['digits.ckpt']
    """

    _parameter_constraints = {
        "path": [str, os.PathLike],
        "every": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, path, every=10):
        self.path = path
        self.every = every

    def __enter__(self):
        validate_parameter_constraints(
            self._parameter_constraints, {"path": self.path, "every": self.every}, "Checkpoint"
        )
        self._n_fits = 0
        _open.checkpoints = [*_open_checkpoints(), self]
        return self

    def __exit__(self, exception_type, exception, traceback):
        _open.checkpoints = _open.checkpoints[:-1]
        if exception_type is None and self._n_fits == 0:
            warnings.warn(
                f"No autoencoder was fitted in the block of Checkpoint({str(self.path)!r}), or "
                "only in other threads or processes, where nothing is written: set n_jobs=None, "
                "or open the block where fit is called.",
                stacklevel=2,
            )

    @contextmanager
    def _begin_fit(self):
        """Yield what keeps the next fit of the block."""
        self._n_fits += 1
        path = Path(self.path)
        if self._n_fits > 1:
            path = path.with_name(f"{path.name}.{self._n_fits}")
        with only_fit_of(path):
            yield CheckpointSession(path, self.every)


def active_checkpoint():
    """A context of what keeps the fit in it, by the innermost block around it."""
    checkpoints = _open_checkpoints()
    return checkpoints[-1]._begin_fit() if checkpoints else nullcontext(UnkeptFit())


def is_within_checkpoint():
    """Whether fits of this thread are kept; those of other threads and processes are not."""
    return bool(_open_checkpoints())


def _open_checkpoints():
    return getattr(_open, "checkpoints", [])
