"""The line that `verbose` shows while a network trains."""

import shutil
import sys
import time
from contextlib import contextmanager


@contextmanager
def progress_line(verbose, max_iter, n_before=0):
    """Yield what to call after each epoch, or None; the line ends with the context.

    `n_before` epochs were over already.
    """
    if not verbose or sys.stdout is None:
        yield None
        return
    line = ProgressLine(max_iter, n_before)
    try:
        yield line
    finally:
        line.close()


class ProgressLine:
    """One live line: a bar, epoch, losses, learning rate and the time left.

    At the end of the run, what ended it and which weights are kept take the place of bar and
    rate. A terminal or a notebook shows the line in place, at most ten times a second; elsewhere
    (a log file) only the last state is written.
    """

    def __init__(self, max_iter, n_before=0, stream=None):
        self.max_iter = max_iter
        self.n_before = n_before
        self.stream = sys.stdout if stream is None else stream
        self._is_live = self.stream.isatty() or "ipykernel" in sys.modules
        self._start = self._last_shown = time.perf_counter()
        self._line = ""

    def __call__(self, history, learning_rate):
        """Take over the state after an epoch, and show it when it is time."""
        now = time.perf_counter()
        n_done = len(history.loss_curve)
        left = (now - self._start) / (n_done - self.n_before) * (self.max_iter - n_done)
        filled = 20 * n_done // self.max_iter
        parts = [f"[{'#' * filled}{'.' * (20 - filled)}] {self._state(history)}"]
        if learning_rate is not None:
            parts.append(f"rate {learning_rate:.1e}")
        parts.append(f"{left // 60:.0f}:{left % 60:02.0f} left")
        self._line = "  ".join(parts)
        if self._is_live and now - self._last_shown > 0.1:
            self._last_shown = now
            self._show()

    def end(self, history):
        """Take over how the run has ended."""
        ending = f"stopped: {history.stop_reason}  kept: {history.kept}"
        self._line = f"{self._state(history)}  {ending}"

    def _state(self, history):
        parts = [
            f"epoch {len(history.loss_curve)}/{self.max_iter}",
            f"loss {history.loss_curve[-1]:.4g}",
        ]
        if history.validation_loss_curve:
            parts.append(f"validation {history.validation_loss_curve[-1]:.4g}")
        return "  ".join(parts)

    def close(self):
        """Show the last state, and end the line; nothing where there was no epoch."""
        if self._line:
            self._show()
            self.stream.write("\n")
            self.stream.flush()

    def _show(self):
        line = self._line
        if self._is_live:
            # A line that wraps could not be written over.
            width = shutil.get_terminal_size().columns - 1
            line = "\r" + line[:width].ljust(width)
        self.stream.write(line)
        self.stream.flush()
