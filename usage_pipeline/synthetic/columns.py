"""Arrow columns built from numpy arrays without a Python object per row."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype="<u2")
_DIGITS_3 = np.array([list(f"{number:03d}".encode()) for number in range(1_000)], dtype=np.uint8)
_DAY_MS = 86_400_000
# Where the 16 pairs of digits stand in the 36 characters of a UUID.
_PAIR_AT = np.array([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34])


def fixed_width_text(
    characters: npt.NDArray[np.uint8], missing: npt.NDArray[np.bool_] | None = None
) -> pa.StringArray:
    """A string column from ASCII codes, one row of the matrix each; `missing` rows are null."""
    count, width = characters.shape
    if count * width >= 2**31:
        raise ValueError("more text than one Arrow string array holds")
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    present = None if missing is None else validity(missing)
    buffers = [present, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters))]
    column = pa.Array.from_buffers(pa.string(), count, buffers)
    assert isinstance(column, pa.StringArray)  # noqa: S101 - tells the type checker
    return column


def uuid_text(random: np.random.Generator, count: int) -> pa.StringArray:
    """So many random UUIDs (version 4) as lower-case text."""
    raw = random.integers(0, 2**64, size=(count, 2), dtype=np.uint64)
    octets = raw.astype("<u8").view(np.uint8).reshape(count, 16)
    octets[:, 6] = (octets[:, 6] & 0x0F) | 0x40
    octets[:, 8] = (octets[:, 8] & 0x3F) | 0x80
    pairs = _HEX[octets].view(np.uint8).reshape(count, 16, 2)
    text = np.full((count, 36), ord("-"), dtype=np.uint8)
    text[:, _PAIR_AT] = pairs[:, :, 0]
    text[:, _PAIR_AT + 1] = pairs[:, :, 1]
    return fixed_width_text(text)


def numbered_text(prefix: str, count: int, digits: int) -> pa.StringArray:
    """The prefix followed by 0, 1, 2, ... with leading zeros."""
    if count > 10**digits:
        raise ValueError("more numbers than the digits can tell apart")
    text = np.empty((count, len(prefix) + digits), dtype=np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    rest = np.arange(count, dtype=np.int64)
    for position in range(text.shape[1] - 1, len(prefix) - 1, -1):
        text[:, position] = ord("0") + rest % 10
        rest //= 10
    return fixed_width_text(text)


def instant_text(instants: pa.Array) -> pa.StringArray:
    """Instants as ISO 8601 text in UTC with milliseconds, such as 2026-05-04T08:12:31.125Z."""
    missing = instants.is_null().to_numpy(zero_copy_only=False)
    milliseconds = instants.cast(pa.timestamp("ms", tz="UTC"), safe=False).cast(pa.int64())
    known = milliseconds.drop_null().to_numpy()
    filled = milliseconds.fill_null(int(known[0]) if len(known) else 0).to_numpy()
    day, in_day = np.divmod(filled, _DAY_MS)
    text = np.empty((len(filled), 24), dtype=np.uint8)
    text[:] = np.frombuffer(b"....-..-..T..:..:......Z", dtype=np.uint8)
    text[:, :10] = _dates(day)
    for position, unit_ms in ((11, 3_600_000), (14, 60_000), (17, 1_000)):
        text[:, position : position + 2] = _DIGITS_3[in_day // unit_ms][:, 1:]
        in_day = in_day % unit_ms
    text[:, 20:23] = _DIGITS_3[in_day]
    return fixed_width_text(text, missing)


def _dates(day: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The ten characters of dates given as days since 1970-01-01."""
    if len(day) == 0:
        return np.empty((0, 10), dtype=np.uint8)
    first = int(day.min())
    # The days of one file lie close together: each is put into words once.
    days = np.arange(first, int(day.max()) + 1).astype("datetime64[D]").astype("S10")
    return days.view(np.uint8).reshape(-1, 10)[day - first]


def decimal_from_millionths(
    millionths: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_]
) -> pa.Array:
    """A decimal128(18, 6) column; `missing` rows are null. No value may be negative."""
    words = np.zeros((len(millionths), 2), dtype="<i8")
    words[:, 0] = millionths
    return pa.Array.from_buffers(
        pa.decimal128(18, 6), len(millionths), [validity(missing), pa.py_buffer(words)]
    )


def validity(missing: npt.NDArray[np.bool_]) -> pa.Buffer | None:
    """The validity bitmap of a column whose `missing` rows are null."""
    if not missing.any():
        return None
    return pa.py_buffer(np.packbits(~missing, bitorder="little"))
