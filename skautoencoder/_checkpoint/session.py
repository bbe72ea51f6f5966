"""One fit and its file: when it is written, and what is taken back from it.

The schema of a file is imported where one is read: its many small classes would take a fifth of the
package's import.
"""

import warnings
from contextlib import ExitStack, contextmanager

from .._dask.dispatch import is_collection
from ..network.solvers import batch_solvers
from ..utils.files import reason, remove_parts, sole_use, write_whole
from .file_format import decode, encode
from .fingerprint import differences, entropy_of, fingerprint


class UnkeptFit:
    """A fit without a file: nothing is read, nothing is written."""

    # Whether the trainer was taken to where another had come, and whether that is the end.
    is_resumed = False
    is_over = False

    def seed(self, random_state):
        """What takes the place of the estimator's `random_state`."""
        return random_state

    def begin(self, estimator, rows, trainer, indices):
        """Take a trainer, and the order of its rows, to where the file has them."""

    def before_epoch(self):
        """Write the file if it is time."""

    def end(self):
        """Write the file of a run that has come to its end."""


class CheckpointSession(UnkeptFit):
    """A fit with a file.

    Parameters
    ----------
    path : Path
    every : int
        Number of epochs from one writing to the next.
    """

    def __init__(self, path, every):
        self._path = path
        self._every = every
        self._has_warned = False
        self._n_epochs_read = None
        self._saved = self._read() if path.exists() else None

    def seed(self, random_state):
        # For None each process takes another seed from the operating system.
        is_saved = random_state is None and self._saved is not None
        return self._saved["entropy"] if is_saved else random_state

    def begin(self, estimator, rows, trainer, indices):
        _refuse_full_batch(estimator, trainer)
        _refuse_collection(rows)
        self._trainer, self._indices = trainer, indices
        self._about = {
            "fingerprint": fingerprint(estimator, rows, trainer),
            "entropy": entropy_of(trainer.rng),
        }
        if self._saved is None:
            self._write_first()
        else:
            self._refuse_other_fit()
            self._resume(self._saved)
        if self.is_over and estimator.verbose:
            print(
                f"{str(self._path)!r} is the checkpoint of a finished fit, which is returned as "
                "it is: delete the file to train anew."
            )

    def before_epoch(self):
        n_epochs = self._n_epochs()
        if n_epochs % self._every == 0 and n_epochs != self._n_epochs_read:
            self._try_to_write()

    def end(self):
        # After Ctrl-C there is more to do: it may go on from the last file.
        if not (self.is_over or self._trainer.history.interrupted):
            self.is_over = True
            self._try_to_write()

    def _n_epochs(self):
        return len(self._trainer.history.loss_curve)

    def _read(self):
        from .schema import check_file

        content = self._path.read_bytes()
        with self._refusing_damage():
            saved = decode(content)
            check_file(saved)
        return saved

    @contextmanager
    def _refusing_damage(self):
        try:
            yield
        except Exception as error:
            raise ValueError(
                f"{str(self._path)!r} is no checkpoint that can be used ({reason(error)}): "
                "expected a file written by skautoencoder.Checkpoint. Nothing of it was used. "
                "Delete it, or choose another path, to train anew."
            ) from None

    def _refuse_other_fit(self):
        problem = differences(self._saved["fingerprint"], self._about["fingerprint"])
        if problem:
            raise ValueError(
                f"{str(self._path)!r} is the checkpoint of another fit: {problem}. Fit as it was "
                "written to go on; delete it, or choose another path, to train anew."
            )

    def _resume(self, saved):
        if saved["run"] is None:
            return
        from .schema import check_run

        with self._refusing_damage():
            check_run(saved, self._trainer, self._indices)
        self._trainer.load_state_dict(saved["run"], self._indices)
        self.is_resumed, self.is_over = True, saved["is_over"]
        self._n_epochs_read = self._n_epochs()
        self._saved = None

    def _write_first(self):
        """Fix the seed, and see that the file can be written, before the training it is for."""
        try:
            self._write(None)
        except OSError as error:
            raise OSError(
                error.errno,
                f"The checkpoint {str(self._path)!r} cannot be written ({error.strerror}): make "
                "its folder and room in it, or choose another path. Nothing was trained yet",
            ) from error

    def _try_to_write(self):
        try:
            self._write(self._trainer.state_dict(self._indices))
        except OSError as error:
            if self._has_warned:
                return
            self._has_warned = True
            warnings.warn(
                f"The checkpoint {str(self._path)!r} could not be written after epoch "
                f"{self._n_epochs()} ({error.strerror}). Training goes on, the last file is kept, "
                "and writing is tried again, without further warnings: make room for it.",
                stacklevel=2,
            )

    def _write(self, state):
        content = encode({**self._about, "is_over": self.is_over, "run": state})
        write_whole(self._path, content)


@contextmanager
def only_fit_of(path):
    """Have a checkpoint for oneself; BlockingIOError where another fit is using it."""
    with ExitStack() as held:
        try:
            is_alone = held.enter_context(sole_use(path))
        except BlockingIOError as error:
            raise BlockingIOError(
                error.errno,
                f"The checkpoint {str(path)!r} is in use by another fit, here or in another "
                "process: wait until that has ended, or choose another path. Nothing was trained",
            ) from None
        if is_alone:
            remove_parts(path)
        yield


def _refuse_full_batch(estimator, trainer):
    if trainer.settings.solver.is_full_batch:
        raise ValueError(
            f"solver={estimator.solver!r} cannot be used with a Checkpoint: what it has learned of "
            "the loss is inside SciPy, which does not expose it. Use "
            f"solver={batch_solvers()}, or fit without a Checkpoint."
        )


def _refuse_collection(rows):
    if is_collection(rows.X):
        raise ValueError(
            "A Dask collection cannot be trained on with a Checkpoint, which looks at all rows and "
            "keeps their order: fit without it, where workers may be lost and only the client must "
            "live, or fit X.compute() where it fits in memory."
        )
