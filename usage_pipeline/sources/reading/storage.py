"""Opens the place where files lie, on this machine or in a cloud, and words what goes wrong there.

Clouds take their credentials from where their own tools look for them, never from a declaration.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import fsspec

from usage_pipeline.errors import InputError

_EXTRAS: Final = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az"}
# Their errors are no OSError, whatever went wrong.
_CLOUD_PACKAGES: Final = {"botocore", "aiobotocore", "aiohttp", "google", "gcsfs", "azure", "adlfs"}


def storage_of(path: str) -> tuple[Any, str]:
    """The fsspec file system that holds a path, and the path there.

    Args:
        path: a path of this machine, or a URL.

    Raises:
        InputError: there is no such place, or it needs a package that is not installed.
    """
    try:
        with storage_errors(f"{path} cannot be opened"):
            where = path if "://" in path else str(Path(path).absolute())
            system, place = fsspec.core.url_to_fs(where)
    except ImportError as error:
        extra = _EXTRAS.get(path.partition("://")[0])
        remedy = f"install usage-pipeline[{extra}]" if extra else str(error)
        raise InputError(f"{path} needs a package that is not installed: {remedy}.") from None
    except ValueError as error:
        raise InputError(f"{path} cannot be opened: {_reason(error)}.") from None
    # A process that lives for days must see what came since it looked last.
    system.invalidate_cache()
    return system, str(place)


@contextmanager
def storage_errors(failure: str) -> Iterator[None]:
    """Turn what a disk or a cloud raises into one sentence.

    Args:
        failure: its beginning, such as "a.csv cannot be read".

    Raises:
        InputError: the sentence, with the reason.
    """
    try:
        yield
    except Exception as error:
        package = type(error).__module__.partition(".")[0]
        if not isinstance(error, OSError) and package not in _CLOUD_PACKAGES:
            raise
        raise InputError(f"{failure}: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split()).rstrip(".")
