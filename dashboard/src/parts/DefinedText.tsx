// A sentence of the server, each of its numbers with its definition. Names in it stand in quotes and are left alone.
import type { ReactNode } from "react";

import { printable } from "../format/names";
import { Term } from "./Term";

// A quoted name, or a number as the server writes it: a date, an hour, a length of time, a count, a rate.
const NAME_OR_NUMBER =
  /"[^"]*"|\d{4}-\d\d-\d\d|\d\d:\d\d|\d+ (?:h \d+ min|min \d+ s)|\d[\d,]*(?:\.\d+)?(?:\s?%|\+| (?:ms|s)\b)?/gu;

export interface DefinedTextProps {
  text: string;
  /** The columns of its numbers, in their order. A sentence that leaves numbers out leaves out the first. */
  of: readonly string[];
  /** The column of numbers beyond those. */
  otherwise: string;
}

export function DefinedText({ text, of, otherwise }: DefinedTextProps) {
  const shown = printable(text);
  const found = [...shown.matchAll(NAME_OR_NUMBER)];
  const numbers = found.filter(([piece]) => !piece.startsWith('"'));
  const columns = of.slice(Math.max(0, of.length - numbers.length));
  const pieces: ReactNode[] = [];
  let at = 0;
  let number = 0;
  for (const match of found) {
    const [piece] = match;
    const start = match.index;
    const end = start + piece.length;
    if (piece.startsWith('"')) {
      pieces.push(
        shown.slice(at, start),
        <bdi key={start} className="uw-quoted">
          {piece}
        </bdi>,
      );
      at = end;
      continue;
    }
    // A bracket or a full stop stays on the line of its number.
    const before = /[^\s"]*$/u.exec(shown.slice(at, start))?.[0] ?? "";
    const after = /^[^\s"\p{L}\p{N}]*/u.exec(shown.slice(end))?.[0] ?? "";
    pieces.push(
      shown.slice(at, start - before.length),
      <span key={start} className="uw-unbroken">
        {before}
        <Term of={columns[number] ?? otherwise}>{piece}</Term>
        {after}
      </span>,
    );
    number += 1;
    at = end + after.length;
  }
  return (
    <bdi>
      {pieces}
      {shown.slice(at)}
    </bdi>
  );
}
