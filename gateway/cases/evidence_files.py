"""Where evidence files lie: a folder, or any place fsspec knows. What is kept there is sealed already.

Files are written once under a name made of their own digest and are never changed, so writing the same one again does
no harm.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from gateway.errors import ConfigurationError, DataError, NotSent

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it tells no types


class EvidenceFiles(Protocol):
    """A place for files. Its calls take long: they are made in threads."""

    where: str

    def write(self, path: str, content: bytes) -> None:
        """Keep ``content`` under ``path`` and return when it is there for good.

        Raises ConfigurationError when the place cannot be written to.
        """
        ...

    def read(self, path: str) -> bytes:
        """Return what is kept. Raises DataError when it is not there, NotSent when the place cannot be reached."""
        ...


def files_at(url: str, folder: Path) -> EvidenceFiles:
    """Return the place that ``url`` names; the local ``folder`` when it is empty.

    Raises ConfigurationError when nothing here can speak to such a place.
    """
    if not url:
        return FolderFiles(folder)
    if url.startswith("file://"):
        return FolderFiles(Path(unquote(urlsplit(url).path)))
    return FsspecFiles(url)


def digest_of(content: bytes) -> str:
    """Return the name of a file: the SHA-256 of what is kept."""
    return hashlib.sha256(content).hexdigest()


class FolderFiles:
    """A folder of this machine; files appear whole or not at all, readable by this user only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.where = str(folder)

    def write(self, path: str, content: bytes) -> None:
        """Keep a file; see `EvidenceFiles.write`."""
        target = self._folder / path
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=target.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).rename(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            for made in (target.parent, *list(target.parents)[1 : len(Path(path).parts)]):
                _sync(made)
        except OSError as error:
            raise ConfigurationError(
                f"Evidence cannot be written to {self.where} ({error.strerror or error}): check the folder, its "
                "rights and the disk."
            ) from error

    def read(self, path: str) -> bytes:
        """Return a file; see `EvidenceFiles.read`."""
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise _missing(self.where, path) from None
        except OSError as error:
            raise NotSent(f"{path} in {self.where} cannot be read ({error.strerror or error}).") from error


class FsspecFiles:
    """A place that fsspec speaks to. Its credentials come from where fsspec and its packages look for them."""

    def __init__(self, url: str) -> None:
        self.where = url
        try:
            # imported late: it takes a fifth of a second, and few need it
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415

            fs, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"gateway.yaml: evidence.url: nothing here can speak to {url.partition('://')[0]}:// ({error}). "
                "Install what it needs, or name another place."
            ) from error
        self._fs: AbstractFileSystem = fs
        self._root = str(root).rstrip("/")

    def write(self, path: str, content: bytes) -> None:
        """Keep a file and read it back; see `EvidenceFiles.write`."""
        target = f"{self._root}/{path}"
        try:
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(target, content)
            kept = self._fs.cat_file(target)
        except Exception as error:  # each of fsspec's places has errors of its own
            raise ConfigurationError(
                f"Evidence cannot be written to {self.where} ({type(error).__name__}): check the place, its "
                "credentials and the network."
            ) from error
        if kept != content:
            raise ConfigurationError(f"{self.where} does not give back what was written to it: name another place.")

    def read(self, path: str) -> bytes:
        """Return a file; see `EvidenceFiles.read`."""
        try:
            return bytes(self._fs.cat_file(f"{self._root}/{path}"))
        except FileNotFoundError:
            raise _missing(self.where, path) from None
        except Exception as error:  # as above
            raise NotSent(f"{path} in {self.where} cannot be read ({type(error).__name__}): try again.") from error


def _missing(where: str, path: str) -> DataError:
    return DataError(f"{path} is missing in {where}: the register tells of it. Put it back from a backup.")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
