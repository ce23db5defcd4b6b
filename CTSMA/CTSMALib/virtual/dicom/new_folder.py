"""A folder that comes into being whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from CTSMALib.errors import InputError, OutputError


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder beside the wanted one to write into; it takes the wanted name when the block ends well.

    Args:
        folder: may exist if it is empty; its parents are made.

    Raises:
        InputError: it holds something, or is a file.
        OutputError: it cannot be written.
    """
    folder = folder.absolute()
    _check_free(folder)
    aside = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
        aside.mkdir(parents=True)
        yield aside
        if folder.exists():
            folder.rmdir()  # other systems than POSIX rename onto nothing
        aside.rename(folder)
    except OSError as error:
        raise OutputError(
            f"The DICOM folder '{folder.name}' cannot be written: {error.strerror or 'input/output error'}.",
            "Check that it may be written and that the disk has space.",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _check_free(folder: Path) -> None:
    remedy = "Name a new folder."
    if folder.is_dir():
        if any(folder.iterdir()):
            raise InputError(f"The folder '{folder.name}' already holds files.", remedy)
    elif folder.exists():
        raise InputError(f"'{folder.name}' is a file, not a folder.", remedy)
