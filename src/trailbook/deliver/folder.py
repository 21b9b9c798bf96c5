"""Delivering into a folder: files that appear whole, below one folder that the settings name, and never elsewhere.

Each folder on the way is opened by itself and without following links, so that whoever may write somewhere below the
root cannot lead a file out of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from ..settings import Settings
from .channel import Attachment, Channel, Failed, Message, Refused, check_id
from .clean import file_name, lines

_DEEPEST = 8
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def folder_channel(settings: Settings) -> Channel:
    """The way out into folders below `deliver_folder`, which is there already.

    A message's `to` is a path below it, whose folders are made. Its files get their names, with the message's id before
    the suffix: delivering it again replaces them. Its `data` is written as JSON; without either, its text is written.
    """
    root, most = Path(settings.deliver_folder), settings.deliver_folder_bytes

    def deliver(message: Message) -> None:
        id = check_id(message)
        folders = folder_names(message.to)
        try:
            needed = sum(one.path.stat().st_size for one in message.attachments)
            if _held(root) + needed > most:
                raise Failed("The folder is full.", place="deliver_folder", remedy="Make room in it.")
            with _opened(root, folders) as folder:
                for one in message.attachments:
                    _put(folder, f"{_with(file_name(one.name), id)}", one)
                if message.data is not None:
                    _put(folder, f"message-{id}.json", msgspec.json.encode(message.data))
                elif not message.attachments:
                    _put(folder, f"message-{id}.txt", f"{lines(message.subject)}\n\n{lines(message.text)}\n".encode())
                os.fsync(folder)
        except NotADirectoryError as error:
            raise Refused("A folder on the way is none, or a link.", place=message.to, remedy="Remove it.") from error
        except OSError as error:
            raise Failed(
                f"The files cannot be delivered: {error.strerror or error}.",
                place="deliver_folder",
                remedy="Check the folder and its permissions.",
            ) from error

    return deliver


def folder_names(to: str) -> tuple[str, ...]:
    """The folders that a path below the root stands for, one by one, each a plain name. Raises Refused."""
    names = tuple(name for name in to.split("/") if name)
    if len(names) > _DEEPEST or any(name != file_name(name) for name in names):
        raise Refused(
            "This is not a folder to deliver to.",
            place="to",
            remedy="Name one below that of the tenant, such as weekly/logins.",
        )
    return names


def _with(name: str, id: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{id}.{suffix}" if dot else f"{name}-{id}"


def _held(root: Path) -> int:
    """Bytes in all files below the root; links are not followed."""
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, files in os.walk(root) for name in files)


@contextmanager
def _opened(root: Path, names: tuple[str, ...]) -> Iterator[int]:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
            below = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _put(folder: int, name: str, what: Attachment | bytes) -> None:
    """Write a file beside its place and move it there: whoever looks sees all of it or nothing."""
    beside = f".{name}.part"
    with suppress(FileNotFoundError):
        os.unlink(beside, dir_fd=folder)  # what an attempt that was killed has left
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(beside, new, 0o640, dir_fd=folder), "wb") as file:
            if isinstance(what, bytes):
                file.write(what)
            else:
                with what.path.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise
