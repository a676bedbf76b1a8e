// Bars over time, each the sum of its parts. Arrow keys walk over them; a table holds the same numbers.
import { scaleBand, scaleLinear } from "d3-scale";
import { useId, useState, type KeyboardEvent, type ReactNode } from "react";

import { count, shortCount } from "../format/numbers";
import { Term } from "../parts/Term";
import { untilLeft } from "./reading";
import { everyNth, useWidth } from "./scale";

export interface Part<T> {
  name: string;
  /** Which colour and pattern, by CSS class. */
  look: "success" | "failure" | "cancelled" | "open" | "new" | "returning" | "resurrected" | "plain";
  of: string;
  value: (row: T) => number;
}

export interface StackedBarsProps<T> {
  label: string;
  rows: T[];
  parts: Part<T>[];
  /** The row's day, in full and short. */
  day: (row: T) => string;
  tick: (row: T) => string;
  height?: number;
  /** What else is said of a bar. */
  also?: (row: T) => ReactNode;
}

/** Told apart without colours: the angle of their lines. */
const HATCHED: Partial<Record<Part<unknown>["look"], number>> = { failure: 45, resurrected: 0, open: 135 };
const LEFT = 44;
const BOTTOM = 22;
// Of the longest day on the axis; the last one would be cut off by the edge.
const HALF_TICK = 20;
const TOP = 8;

export function StackedBars<T>(props: StackedBarsProps<T>) {
  const { label, rows, parts, day, tick, height = 200, also } = props;
  const [frame, width] = useWidth();
  const [chosen, setChosen] = useState<number | null>(null);
  const pattern = useId().replaceAll(":", "");

  const total = (row: T) => parts.reduce((sum, part) => sum + part.value(row), 0);
  const keys = rows.map(day);
  const x = scaleBand(keys, [LEFT, width]).paddingInner(rows.length > 120 ? 0.05 : 0.25);
  const y = scaleLinear([0, Math.max(1, ...rows.map(total))], [height - BOTTOM, TOP]).nice(4);
  const ticks = y.ticks(4).filter(Number.isInteger);
  const current = chosen === null ? undefined : rows[chosen];

  const step = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const by = moves[event.key];
    if (by === undefined) return;
    event.preventDefault();
    setChosen(Math.min(rows.length - 1, Math.max(0, (chosen ?? (by > 0 ? -1 : rows.length)) + by)));
  };
  return (
    <figure className="uw-chart" {...untilLeft(() => setChosen(null))}>
      <ul className="uw-legend">
        {parts.map((part) => (
          <li key={part.name}>
            <span className={`uw-swatch uw-swatch--${part.look}`} />
            <Term of={part.of}>{part.name}</Term>
          </li>
        ))}
      </ul>
      <div ref={frame} className="uw-chart__frame">
        {/* A chart that is walked with the arrow keys, like a slider: the status below says where one is. */}
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${label}. Use the arrow keys to read each bar.`}
          tabIndex={0}
          onKeyDown={step}
        >
          <defs>
            {Object.entries(HATCHED).map(([look, angle]) => (
              <pattern
                key={look}
                id={`${pattern}-${look}`}
                width="5"
                height="5"
                patternUnits="userSpaceOnUse"
                patternTransform={`rotate(${angle})`}
              >
                <rect width="5" height="5" className={`uw-fill--${look}`} />
                <line x1="0" y1="0" x2="0" y2="5" className="uw-hatch" />
              </pattern>
            ))}
          </defs>
          {ticks.map((value) => (
            <g key={value}>
              <line className="uw-grid" x1={LEFT} x2={width} y1={y(value)} y2={y(value)} />
              <text className="uw-axis" x={LEFT - 8} y={y(value)} dy="0.32em" textAnchor="end">
                {shortCount(value)}
              </text>
            </g>
          ))}
          {rows.map((row, index) => {
            let base = 0;
            const left = x(day(row)) ?? 0;
            return (
              <g key={day(row)} className={chosen === null || chosen === index ? undefined : "uw-faded"}>
                {parts.map((part) => {
                  const from = base;
                  base += part.value(row);
                  if (base === from) return null;
                  return (
                    <rect
                      key={part.name}
                      className={`uw-fill--${part.look}`}
                      {...(part.look in HATCHED ? { style: { fill: `url(#${pattern}-${part.look})` } } : {})}
                      x={left}
                      width={x.bandwidth()}
                      y={y(base)}
                      height={y(from) - y(base)}
                    />
                  );
                })}
                <rect
                  className="uw-hit"
                  x={left}
                  width={x.step()}
                  y={0}
                  height={height - BOTTOM}
                  onPointerEnter={() => setChosen(index)}
                />
              </g>
            );
          })}
          {everyNth(rows, Math.floor((width - LEFT) / 70)).map((row) => {
            const middle = (x(day(row)) ?? 0) + x.bandwidth() / 2;
            const isLast = middle > width - HALF_TICK;
            return (
              <text
                key={day(row)}
                className="uw-axis"
                x={isLast ? width : middle}
                y={height - 6}
                textAnchor={isLast ? "end" : "middle"}
              >
                {tick(row)}
              </text>
            );
          })}
        </svg>
      </div>
      <p className="uw-readout" aria-live="polite">
        {current ? (
          <>
            <b>{day(current)}</b>
            {parts.map((part) => (
              <span key={part.name}>
                <Term of={part.of}>
                  {part.name.toLowerCase()} <b className="uw-figure">{count(part.value(current))}</b>
                </Term>
              </span>
            ))}
            {also?.(current)}
          </>
        ) : (
          <span>Point at a bar, or walk with the arrow keys, to read its numbers.</span>
        )}
      </p>
      <details className="uw-as-table">
        <summary>Show as a table</summary>
        <div className="uw-table-frame uw-table-frame--tall">
          <table className="uw-table">
            <caption className="uw-hidden">{label}</caption>
            <thead>
              <tr>
                <th scope="col">Day</th>
                {parts.map((part) => (
                  <th key={part.name} scope="col" className="uw-number">
                    <Term of={part.of}>{part.name}</Term>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={day(row)}>
                  <th scope="row">{day(row)}</th>
                  {parts.map((part) => (
                    <td key={part.name} className="uw-number">
                      {count(part.value(row))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
