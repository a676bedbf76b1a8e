"""The bytes of one input file: unpacked, bounded, hashed, and always valid UTF-8.

A byte that is not UTF-8 becomes a *mark*, one character of a private plane that keeps the byte, so
that readers do not fail on it: `conform` rejects the rows that hold one. The `*_rows` modules say
what the bytes mean.
"""

import codecs
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from usage_pipeline.errors import InputError
from usage_pipeline.sources.reading.limits import Limits
from usage_pipeline.sources.reading.storage import storage_errors

# A mark is this and the byte it stands for. Nobody assigns characters up there.
FIRST_MARK: Final = 0x10FF00
MARKS: Final = f"[{chr(FIRST_MARK)}-{chr(FIRST_MARK + 0xFF)}]"
# Stands for an object or a list in the place of a text.
NESTED_MARK: Final = chr(FIRST_MARK)
# A lone surrogate is valid JSON but not valid text: this stands for each.
SURROGATE_MARK: Final = chr(FIRST_MARK - 1)
REPLACEMENT: Final = "\ufffd"
"""The part that stays of a character that a text cannot hold."""

_CHUNK = 1 << 20
# A ratio is suspicious only above this much text: small files of repeated rows pack very well.
_RATIO_COUNTS_FROM = 64 << 20
_OTHER_KINDS = (
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"BZh", "packed with bzip2: unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz: unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd: unpack it, or pack it with gzip"),
    (b"PAR1", "a Parquet file: set format: parquet, or let its name end in .parquet"),
    (b"\xff\xfe", "UTF-16 text: set encoding: utf-16, or save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text: set encoding: utf-16, or save it as UTF-8"),
)


@dataclass
class InputStream:
    """One file being read, from its first byte to its last.

    Attributes:
        name: what the file is called in messages and locations.
        file: the open file; whoever opened it closes it.
        limits: what it may hold.
        encoding: how its text is encoded.
        size: bytes read of the file as it is stored; all of them once it is read.
        marked: whether anything was not UTF-8 so far.
        quotes: how many double quotes there were so far.
    """

    name: str
    file: BinaryIO
    limits: Limits
    encoding: str = "utf-8"
    size: int = 0
    marked: bool = False
    quotes: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """The hash of what was read of the file as it is stored."""
        return self._digest.hexdigest()

    def text(self) -> Iterator[bytes]:
        """The file's text in chunks of some megabytes, in UTF-8, without a byte order mark.

        Raises:
            InputError: it cannot be unpacked, or is not text.
        """
        rest, first = b"", True
        for chunk in self._recoded(self._unpacked()):
            data = rest + chunk if rest else chunk
            if first:
                _refuse_other_kinds(self.name, data)
                data, first = data.removeprefix(b"\xef\xbb\xbf"), False
            text, rest = self._valid(data)
            self.quotes += text.count(b'"')
            yield text
        if rest:
            yield self._marked(rest)

    def _recoded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The text in UTF-8, whatever the file's encoding; a byte that it lacks is an error."""
        if codecs.lookup(self.encoding).name == "utf-8":
            yield from chunks
            return
        decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            for chunk in chunks:
                yield decoder.decode(chunk).encode()
            yield decoder.decode(b"", final=True).encode()
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            raise InputError(
                f"{self.name} is not {self.encoding} ({error.reason} at byte {error.start:,} of a "
                "block): set the source's encoding to that of the file."
            ) from None

    def fingerprint(self) -> None:
        """Read the file for its size and hash only, and go back to its beginning.

        Raises:
            InputError: it cannot be read, or is too large.
        """
        for _ in self._stored():
            pass
        self.file.seek(0)

    def _unpacked(self) -> Iterator[bytes]:
        stored = self._stored()
        first = next(stored, b"")
        if not first.startswith(b"\x1f\x8b"):
            if first:
                yield first
            yield from stored
            return
        unpacked = 0
        for chunk in _inflated(self.name, first, stored):
            unpacked += len(chunk)
            if unpacked > max(_RATIO_COUNTS_FROM, self.size * self.limits.unpacked_ratio):
                raise InputError(
                    f"{self.name} unpacks to more than {self.limits.unpacked_ratio} times its "
                    "size: unpack it first if it is meant to be so."
                )
            yield chunk

    def _stored(self) -> Iterator[bytes]:
        while chunk := self._read():
            self.size += len(chunk)
            if self.size > self.limits.file_bytes:
                raise InputError(
                    f"{self.name} is larger than {self.limits.file_bytes:,} bytes: split it."
                )
            self._digest.update(chunk)
            yield chunk

    def _read(self) -> bytes:
        with storage_errors(f"{self.name} cannot be read"):
            return self.file.read(_CHUNK)

    def _valid(self, data: bytes) -> tuple[bytes, bytes]:
        """UTF-8 text, and the beginning of a character that the next chunk completes."""
        try:
            data.decode()
        except UnicodeDecodeError as error:
            if error.end == len(data) and error.reason == "unexpected end of data":
                return data[: error.start], data[error.start :]
            end = len(data) - _unfinished(data)
            return self._marked(data[:end]), data[end:]
        return data, b""

    def _marked(self, data: bytes) -> bytes:
        self.marked = True
        return marked_text(data).encode()


def marked_text(data: bytes) -> str:
    """Bytes as text, with a mark for each byte that is not UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda byte: chr(ord(byte[0]) - 0xDC00 + FIRST_MARK), text)


def readable_text(text: str) -> str:
    r"""Text that can be shown: each mark and NUL as the byte it stands for, such as `\xfc`."""
    text = text.replace(NESTED_MARK, "").replace("\0", "\\x00")
    text = text.replace(SURROGATE_MARK, REPLACEMENT)
    return re.sub(MARKS, lambda mark: f"\\x{ord(mark[0]) - FIRST_MARK:02x}", text)


def _unfinished(data: bytes) -> int:
    """How many of the last bytes begin a character that is not complete."""
    for count in range(1, min(3, len(data)) + 1):
        byte = data[-count]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if length > count else 0
        if byte < 0x80:
            break
    return 0


def _refuse_other_kinds(name: str, data: bytes) -> None:
    for magic, what in _OTHER_KINDS:
        if data.startswith(magic):
            raise InputError(f"{name} is {what}.")


def _inflated(name: str, first: bytes, stored: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip, also of several members; the checksum of each is verified."""
    member = zlib.decompressobj(wbits=31)
    chunk: bytes = first
    try:
        while True:
            while chunk:
                if member.eof:
                    chunk = chunk.lstrip(b"\0")
                    if not chunk:
                        break
                    member = zlib.decompressobj(wbits=31)
                if text := member.decompress(chunk, 4 * _CHUNK):
                    yield text
                chunk = member.unused_data if member.eof else member.unconsumed_tail
            following = next(stored, None)
            if following is None:
                break
            chunk = following
        # The rest that zlib holds comes out in pieces of the same size.
        while text := member.decompress(b"", 4 * _CHUNK):
            yield text
    except zlib.error as error:
        raise InputError(f"{name} is damaged: it cannot be unpacked ({error}).") from None
    if not member.eof:
        raise InputError(f"{name} is cut off: its end is missing. Copy it again.")
