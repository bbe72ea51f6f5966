"""Files that are there whole or not at all, a path for one at a time; what of a file is shown."""

import contextlib
import os
import re
import secrets
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


def write_whole(path, content):
    """Write a file beside the path, then move it there: at no time is there half a file.

    Whatever goes wrong, what was at the path before is still there, and the new one is not. After
    a power cut the old file is there or the new one: the content is on the disk before the name,
    and the name before this returns. A link stays a link.
    """
    path = Path(os.path.realpath(path))
    # A name of one's own: another process may be writing, too. "x", because it could be a link.
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    with contextlib.ExitStack() as cleanup:
        with open(part, "xb") as file:
            cleanup.callback(part.unlink, missing_ok=True)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    _sync_folder(path.parent)


def remove_parts(path):
    """Remove what killed processes have left of files that they were writing to this path."""
    path = Path(os.path.realpath(path))
    is_part = re.compile(re.escape(path.name) + r"\.[0-9a-f]{16}\.part").fullmatch
    with contextlib.suppress(OSError):
        for each in [each for each in path.parent.iterdir() if is_part(each.name)]:
            each.unlink(missing_ok=True)


@contextlib.contextmanager
def sole_use(path):
    """Have a path for oneself; BlockingIOError where another process or thread has it.

    The operating system locks a file beside it, and frees it with the process, however that ends:
    what a kill leaves behind hinders nobody. Where there can be no lock, as in a folder that
    cannot be written to or on some network file systems, it is had without. Yields whether
    there is one.
    """
    path = Path(os.path.realpath(path))
    name = path.with_name(f"{path.name}.lock")
    descriptor = _locked(name)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            _remove_locked(name, descriptor)


def _locked(name):
    """The descriptor of a file of this name, locked, or None where that cannot be."""
    while True:
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return None
        try:
            _lock(descriptor)
            if _is_at(name, descriptor):
                return descriptor
            # The one before has removed it after it was opened here.
            os.close(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:
            _remove_locked(name, descriptor)
            return None


def _lock(descriptor):
    """Lock an open file; BlockingIOError where another has locked it."""
    if fcntl is not None:
        # Not lockf, which locks out other processes only.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except PermissionError as error:
        raise BlockingIOError(*error.args) from None


def _is_at(name, descriptor):
    """Whether the file of this name is the one that is open."""
    try:
        return os.path.samestat(os.stat(name), os.fstat(descriptor))
    except OSError:
        return False


def _remove_locked(name, descriptor):
    """Remove the file while it is locked; Windows removes none that is open."""
    if fcntl is None:
        os.close(descriptor)
    with contextlib.suppress(OSError):
        os.unlink(name)
    if fcntl is not None:
        os.close(descriptor)


def _sync_folder(folder):
    """Bring a folder's names to the disk; some file systems, and Windows, do so by themselves."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    # A folder that cannot be opened or synchronised has the file in its place all the same.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def reason(error):
    """What went wrong, short and without control characters: files may say anything."""
    text = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
    return text.encode("unicode_escape").decode()[:300].rstrip(".")
