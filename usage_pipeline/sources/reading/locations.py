"""Which files a source's paths mean: file, folder, glob or `{day}`, here or in a cloud.

Finds and opens files. The `*_rows` modules read what is in them.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, cast

from usage_pipeline.errors import InputError
from usage_pipeline.sources.config import SourceConfig
from usage_pipeline.sources.reading.storage import storage_errors, storage_of
from usage_pipeline.sources.reading.templates import any_day, day_of_path, path_of_day

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class InputFile:
    """A file that is there.

    Attributes:
        system: the fsspec file system that holds it.
        path: its path there.
        name: what it is called in messages: its path without the folder the source names.
    """

    system: Any
    path: str
    name: str

    @property
    def address(self) -> str:
        """The whole path, as text."""
        return _shown(self.path)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file, open for reading.

        Raises:
            InputError: it cannot be read.
        """
        with storage_errors(f"{self.address} cannot be read"):
            file = cast(BinaryIO, self.system.open(self.path, "rb"))
        with file:
            yield file


def files_of(config: SourceConfig, accepts: Callable[[str], bool]) -> list[InputFile]:
    """All files of a source without `{day}`, in the order of their paths.

    Args:
        config: the source.
        accepts: which files of a folder are meant, by their names.

    Raises:
        InputError: there is none; the message names what was looked for.
    """
    return _distinct([file for path in config.paths for file in _files_at(path, accepts)])


def files_of_day(
    config: SourceConfig, accepts: Callable[[str], bool], day: date
) -> list[InputFile]:
    """The files of a day of a source with `{day}`, in the order of their paths.

    Args:
        config: the source.
        accepts: which files of a folder are meant, by their names.
        day: the execution date.

    Raises:
        InputError: one of its paths has no file for the day.
    """
    return _distinct(
        [file for path in config.paths for file in _files_at(path_of_day(path, day), accepts, day)]
    )


def days_with_files(config: SourceConfig) -> list[date]:
    """The days for which a source with `{day}` has a file, in order.

    Raises:
        InputError: the place cannot be listed.
    """
    days: set[date] = set()
    for path in config.paths:
        system, template = storage_of(path)
        with storage_errors(f"{path} cannot be listed"):
            template = _literal_where_it_exists(system, template)
            matches = system.glob(any_day(template))
        days.update(
            day for each in matches if (day := day_of_path(template, str(each))) is not None
        )
    return sorted(days)


def _files_at(
    path: str, accepts: Callable[[str], bool], day: date | None = None
) -> list[InputFile]:
    system, place = storage_of(path)
    with storage_errors(f"{path} cannot be listed"):
        if system.isfile(place):
            paths, folder = [place], place.rpartition("/")[0]
        elif system.isdir(place):
            folder = place.rstrip("/")
            paths = [each for each in system.find(folder) if _accepts(each, folder)]
            paths = [each for each in paths if accepts(each)]
        else:
            pattern = _literal_where_it_exists(system, place)
            matches = system.glob(pattern) if _GLOB.search(place) else []
            paths = [
                str(each)
                for each in matches
                if system.isfile(each) and not str(each).rpartition("/")[2].startswith(".")
            ]
            folder = _GLOB.split(place)[0].rpartition("/")[0]
    if not paths:
        what = f"for {day} " if day else ""
        raise InputError(f"There is no file {what}at {path}: nothing was loaded.")
    return [
        InputFile(system, each, _shown(each.removeprefix(f"{folder}/"))) for each in sorted(paths)
    ]


def _literal_where_it_exists(system: Any, pattern: str) -> str:
    """A glob in which folders that are really called so stand for themselves, as `runs [prod]`."""
    folders = pattern.split("/")
    literal, parts = "", []
    for place, folder in enumerate(folders):
        literal = folder if place == 0 else f"{literal}/{folder}"
        is_folder = place < len(folders) - 1 and _GLOB.search(folder) and system.isdir(literal)
        parts.append(
            _GLOB.sub(lambda character: f"[{character[0]}]", folder) if is_folder else folder
        )
    return "/".join(parts)


def _accepts(path: str, folder: str) -> bool:
    """Whether a file of a folder is meant: hidden ones and marks like _SUCCESS are not."""
    return not any(part.startswith((".", "_")) for part in path[len(folder) + 1 :].split("/"))


def _distinct(files: list[InputFile]) -> list[InputFile]:
    return list({file.path: file for file in files}.values())


def _shown(path: str) -> str:
    """A path as text: names of files may hold bytes that are not text."""
    return path.encode("utf-8", "backslashreplace").decode()
