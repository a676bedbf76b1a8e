"""Numbers for lists of workflows: whole sequences and their contiguous parts.

Numbers are exact (no hashing) and ordered: shorter lists first, then by their ids in turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from usage_pipeline.mining.columns import Ints, group


@dataclass(frozen=True, slots=True)
class Parts:
    """All contiguous parts of one length: where each begins and the number of its list.

    `begin` are positions in the steps; `code` numbers the different lists from 0 on; `example`
    is a begin of each list.
    """

    length: int
    begin: Ints
    code: Ints
    example: Ints


def intern_sequences(steps: Ints, first: Ints, length: Ints) -> Ints:
    """Number sequences so that equal lists, and only they, have equal numbers.

    Args:
        steps: the workflows of all sequences.
        first: the position of each sequence's first step.
        length: how many steps each has, 1 or more.

    Returns:
        A number for each sequence; numbers are in order of length, then of the workflows.
    """
    code = np.zeros(len(first), dtype=np.int64)
    if len(first) == 0:
        return code
    rows = np.arange(len(first))
    node = steps[first]
    taken = 0
    for depth in range(1, int(length.max()) + 1):
        if depth > 1:
            groups = group(node, steps[first[rows] + depth - 1])
            node = groups.of_rows()
        ended = length[rows] == depth
        if ended.any():
            of_ended = group(node[ended])
            code[rows[ended]] = taken + of_ended.of_rows()
            taken += len(of_ended)
            rows, node = rows[~ended], node[~ended]
    return code


def parts_of(steps: Ints, first: Ints, length: Ints, longest: int) -> Iterator[Parts]:
    """All contiguous parts of sequences, of 1 step to `longest`, one length after the other.

    Args:
        steps: the workflows of all sequences, which follow each other without gaps.
        first: the position of each sequence's first step.
        length: how many steps each has.
        longest: the greatest length of a part.
    """
    left = np.repeat(first + length, length) - np.arange(len(steps))
    begin = np.arange(len(steps))
    of_begin = steps.copy()
    for count in range(1, longest + 1):
        if count > 1:
            begin = begin[left[begin] >= count]
            groups = group(of_begin[begin], steps[begin + count - 1])
        else:
            groups = group(of_begin)
        code = groups.of_rows()
        of_begin[begin] = code
        yield Parts(count, begin, code, begin[groups.first] if len(groups) else begin)
