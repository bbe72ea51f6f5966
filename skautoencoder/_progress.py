"""The line that `verbose` shows while a network trains."""

import sys
import time
from contextlib import contextmanager


@contextmanager
def progress_line(verbose, max_iter):
    """Yield what to call after each epoch, or None; the line ends with the context."""
    if not verbose:
        yield None
        return
    line = ProgressLine(max_iter)
    try:
        yield line
    finally:
        line.close()


class ProgressLine:
    """One live line: a bar, epoch, losses, learning rate and the time left.

    A terminal shows it in place; elsewhere (a log file) only the last state is written.
    """

    def __init__(self, max_iter, stream=None):
        self.max_iter = max_iter
        self.stream = sys.stdout if stream is None else stream
        self._start = time.perf_counter()
        self._last_shown = self._start
        self._width = 0
        self._line = ""

    def __call__(self, history, learning_rate):
        """Show the state after an epoch, at most ten times a second."""
        n_done = len(history.loss_curve)
        left = (time.perf_counter() - self._start) / n_done * (self.max_iter - n_done)
        filled = 20 * n_done // self.max_iter
        parts = [
            f"[{'#' * filled}{'.' * (20 - filled)}] epoch {n_done}/{self.max_iter}",
            f"loss {history.loss_curve[-1]:.4g}",
        ]
        if history.validation_loss_curve:
            parts.append(f"validation {history.validation_loss_curve[-1]:.4g}")
        parts += [f"rate {learning_rate:.1e}", f"{left // 60:.0f}:{left % 60:02.0f} left"]
        self._line = "  ".join(parts)
        self._width = max(self._width, len(self._line))
        now = time.perf_counter()
        if self.stream.isatty() and now - self._last_shown > 0.1:
            self._last_shown = now
            self.stream.write("\r" + self._line.ljust(self._width))
            self.stream.flush()

    def close(self):
        """End the line."""
        start = "\r" if self.stream.isatty() else ""
        self.stream.write(start + self._line.ljust(self._width) + "\n")
        self.stream.flush()
