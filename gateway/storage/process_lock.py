"""One process a database: the lock file that says who holds it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from filelock import FileLock, Timeout

from gateway.errors import ConfigurationError


class LockHeld(ConfigurationError):
    """Another process holds the lock; the text says which."""


class ProcessLock:
    """Held from `take` until `release` or the end of the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # one descriptor a lock object: a second one in this very process is refused as well
        self._lock = FileLock(path, timeout=0, mode=0o600, is_singleton=False, thread_local=False)

    def take(self) -> None:
        """Take the lock and write into it who we are. Raises LockHeld when another process has it."""
        try:
            self._lock.acquire()
        except Timeout:
            raise LockHeld(
                f"{self._path} is held by {self._holder()}: the embedded SQLite database serves one process. "
                "Stop that process first, or use it; PostgreSQL takes many processes: `gateway db move` goes there."
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"the lock file {self._path} cannot be written ({error.strerror}): "
                "make its folder and let this user write there"
            ) from error
        self._path.write_text(f"pid {os.getpid()} on {platform.node()}\n", encoding="utf-8")

    def release(self) -> None:
        """Let another process have the database. The file stays."""
        self._lock.release()

    def _holder(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8").strip() or "another process"
        except OSError:
            return "another process"
