"""Error classes: the line of a message that says what went wrong, without what differs each time.

Two failures are of one class when their masked lines are the same. The class is that line, so that
a person can read it, and it is kept for ever. No value of a message is: numbers, ids, hashes,
paths, quoted texts, dates and addresses are masked, and so is all that looks like a secret.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

ERROR_CLASS_CHARACTERS: Final = 200
"""The longest class. Messages that differ only further on are one class."""

_GUARDED_NAMES: Final = (
    r"password|passwd|passphrase|pwd|secret|token|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|"
    r"signature|credentials?|authorization|auth|session[-_ ]?id|cookie|dsn|connection[-_ ]?string"
)
# Issuers mark what they hand out, and a mark is a surer sign than the look of what follows.
_ISSUED: Final = (
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{12,}|gh[opusr]_[\w-]{16,}|github_pat_[\w-]+|glpat-[\w-]{12,}|"
    r"xox[a-z]-[\w-]{8,}|sk-[\w-]{16,}|AIza[\w-]{16,}|ya29\.[\w.-]{8,}|wu_[\w-]{16,}|"
    r"eyJ[\w-]{5,}(?:\.[\w-]+)*)"
)
# In this order: what is masked as a whole comes before what is a part of it. A mask holds no digit,
# quote or slash, so that masking a class again changes nothing.
_MASKS: Final = (
    # Python names the error in the last line of a traceback, everything else in the first.
    (r"(?s)\A\s*Traceback \(most recent call last\):.*\n(\S[^\n]*)\s*\z", r"\1"),
    (r"(?s)\A\s*([^\n\r]*).*\z", r"\1"),
    (r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]*", "<url>"),
    (r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*", "<email>"),
    (
        rf"(?i)([\"']?\b[\w-]*(?:{_GUARDED_NAMES})[\"']?\s*(?:[=:]|\bis\b)\s*)"
        r"(?:\"[^\"]*\"?|'[^']*'?|(?:basic|bearer|digest)\s+\S+|[^\s<]\S*)",
        r"\1<secret>",
    ),
    (r"(?i)\b(basic|bearer|digest)\s+\S{8,}", r"\1 <secret>"),
    (_ISSUED, "<secret>"),
    (r"\"[^\"]*\"", "<text>"),
    (r"`[^`]*`", "<text>"),
    # Typographic quotes: double and angle ones, then single ones.
    (r"[\x{201C}\x{201E}\x{AB}][^\x{201D}\x{201C}\x{BB}]*[\x{201D}\x{201C}\x{BB}]", "<text>"),
    (r"\x{2018}[^\x{2019}]*\x{2019}", "<text>"),
    # An apostrophe within a word opens nothing.
    (r"(^|[^\w'])'[^']*'", r"\1<text>"),
    (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<id>"),
    (
        r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
        r"(?:\s?(?:Z|[+-]\d{2}:?\d{2}))?)?",
        "<time>",
    ),
    (r"\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b", "<time>"),
    (r"\b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\b", "<time>"),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<address>"),
    (r"\[?\b[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}\b\]?", "<address>"),
    (
        r"\b(?:[\w-]+\.)+(?:com|net|org|io|dev|cloud|local|internal|lan|corp|svc|example)\b(?::\d+)?",
        "<address>",
    ),
    (r"\b[A-Za-z]:\\[^\s:*?\"<>|]*", "<path>"),
    (r"(^|[\s(\[{=,:])(?:~|\.{1,2})?/[^\s:,;)\]}]+", r"\1<path>"),
    (r"[\w.~@%+-]+(?:/[\w.~@%+-]+){2,}/?", "<path>"),
    (r"\\\\[^\s]+", "<path>"),
    (r"[A-Za-z0-9+/_-]{16,}={1,2}", "<secret>"),
    # With a unit of up to three letters: 30 s, 30s and 12.5ms are one number.
    (r"\b\d+(?:[.,_]\d+)*(?:[eE][-+]?\d+)?[A-Za-zµ]{0,3}\b%?", "<number>"),
    # A name with a digit in it is one of many, and a word as long as this is none.
    (r"[\w-]*\d[\w-]*", "<id>"),
    (r"[A-Za-z_-]{48,}", "<id>"),
    (r"\s+", " "),
)


def error_classes(
    messages: pa.Array | pa.ChunkedArray, status: pa.Array | pa.ChunkedArray
) -> pa.Array:
    """The class of each failed execution.

    Args:
        messages: what went wrong, as the source says it; may be null.
        status: the canonical status of each execution.

    Returns:
        Texts of at most `ERROR_CLASS_CHARACTERS` characters, masked; null for executions that did
        not fail and for messages that say nothing.
    """
    failed = pc.if_else(pc.equal(status, "failed"), messages, pa.scalar(None, pa.string()))
    if isinstance(failed, pa.ChunkedArray):
        failed = failed.combine_chunks()
    # Thousands of failures have a few messages: each is masked once.
    distinct = failed.dictionary_encode()
    return masked(distinct.dictionary).take(distinct.indices)


def masked(messages: pa.Array) -> pa.Array:
    """Messages without what differs each time; null where nothing is left."""
    for pattern, mask in _MASKS:
        messages = pc.replace_substring_regex(messages, pattern, mask)
    classes = pc.utf8_trim_whitespace(
        pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(messages), 0, ERROR_CLASS_CHARACTERS)
    )
    return pc.if_else(pc.equal(classes, ""), pa.scalar(None, pa.string()), classes)
