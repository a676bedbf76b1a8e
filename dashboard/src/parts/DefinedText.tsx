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
    pieces.push(shown.slice(at, match.index));
    pieces.push(
      piece.startsWith('"') ? (
        <bdi key={match.index} className="uw-quoted">
          {piece}
        </bdi>
      ) : (
        <Term key={match.index} of={columns[number] ?? otherwise}>
          {piece}
        </Term>
      ),
    );
    if (!piece.startsWith('"')) number += 1;
    at = match.index + piece.length;
  }
  return (
    <bdi>
      {pieces}
      {shown.slice(at)}
    </bdi>
  );
}
