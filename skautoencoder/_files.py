"""Files that are there whole or not at all, and what may be shown of those that are not ours."""

import contextlib
import os


def write_whole(path, content, part):
    """Write the file `part` beside the path, then move it there: at no time is there half a file.

    Whatever goes wrong, what was at the path before is still there, and `part` is not. After a
    power cut the old file is there or the new one: the content is on the disk before the name,
    and the name before this returns.
    """
    # What an earlier process was killed over may still be there. It is removed and not opened:
    # it could be a link.
    part.unlink(missing_ok=True)
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


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
