"""Where the local parts keep things: one cache per user, one state directory per checkout."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bellwire_local.errors import DiskFull, LocalError

_MEGABYTE = 1024 * 1024


def cache_directory() -> Path:
    """Per-user cache of downloads: `$XDG_CACHE_HOME/bellwire`, else `~/.cache/bellwire`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bellwire"


def local_directory() -> Path:
    """State of the local stack: `$BELLWIRE_LOCAL`, else `.local` of the present directory."""
    return Path(os.environ.get("BELLWIRE_LOCAL") or ".local").absolute()


def make(folder: Path) -> Path:
    """Make a folder with its parents; a full or read-only disk is told in one sentence."""
    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def require_room(folder: Path, megabytes: int) -> None:
    """Refuse to start with less than so many megabytes free where `folder` is or will be."""
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free // _MEGABYTE
    if free < megabytes:
        raise DiskFull(
            f"{folder} has {free} MB free and {megabytes} MB are needed: free some space, or move it "
            f"(XDG_CACHE_HOME for downloads, BELLWIRE_LOCAL for state)."
        )


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turn the errors of a disk that is full or not writable into one sentence about `folder`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"No space is left for {folder}: free some and try again.") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            raise LocalError(
                f"{folder} cannot be written ({error.strerror}): make it writable, or move it "
                f"(XDG_CACHE_HOME for downloads, BELLWIRE_LOCAL for state)."
            ) from error
        raise


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file in one step, so that a reader sees the old text or the new one."""
    make(path.parent)
    with disk(path):
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=mode)
        draft.chmod(mode)
        draft.write_text(text)
        draft.replace(path)
