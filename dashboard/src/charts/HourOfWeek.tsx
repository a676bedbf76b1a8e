// When in the week somebody works: one cell an hour, darker for more.
import { useState, type KeyboardEvent } from "react";

import type { RhythmHour } from "../api/types";
import { WEEKDAYS, hourRange } from "../format/dates";
import { counted } from "../format/numbers";
import { Term } from "../parts/Term";
import { untilLeft } from "./reading";

const HOURS = 24;
const LEVELS = 5;
const HOUR_COUNT = "daily_hours.execution_count";

/** How dark a cell is, 0 for nothing; equal steps of the square root, so that a few stay visible beside many. */
export function levelOf(value: number, greatest: number): number {
  if (value <= 0 || greatest <= 0) return 0;
  return Math.max(1, Math.ceil(Math.sqrt(value / greatest) * LEVELS));
}

export function HourOfWeek({ hours }: { hours: RhythmHour[] }) {
  const [at, setAt] = useState<[number, number] | null>(null);
  const counts = new Map(hours.map((cell) => [cell.weekday * HOURS + cell.hour, cell.execution_count]));
  const value = (weekday: number, hour: number) => counts.get(weekday * HOURS + hour) ?? 0;
  const greatest = Math.max(0, ...counts.values());

  const step = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const by = moves[event.key];
    if (!by) return;
    event.preventDefault();
    const [weekday, hour] = at ?? [0, 9];
    setAt([(weekday + by[0] + 7) % 7, (hour + by[1] + HOURS) % HOURS]);
  };
  return (
    <figure className="uw-chart" {...untilLeft(() => setAt(null))}>
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div className="uw-heat-frame" onKeyDown={step}>
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <table className="uw-heat" tabIndex={0}>
          <caption className="uw-hidden">Executions by hour of the week. The arrow keys read each hour.</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="uw-hidden">Day</span>
              </th>
              {Array.from({ length: HOURS }, (_, hour) => (
                <th key={hour} scope="col">
                  <span className={hour % 6 === 0 ? undefined : "uw-hidden"}>{String(hour).padStart(2, "0")}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {WEEKDAYS.map((name, weekday) => (
              <tr key={name}>
                <th scope="row" aria-label={name}>
                  {name.slice(0, 3)}
                </th>
                {Array.from({ length: HOURS }, (_, hour) => (
                  <td
                    key={hour}
                    className={at?.[0] === weekday && at[1] === hour ? "uw-heat__chosen" : undefined}
                    data-level={levelOf(value(weekday, hour), greatest)}
                    onPointerEnter={() => setAt([weekday, hour])}
                  >
                    <span className="uw-hidden">{value(weekday, hour)}</span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="uw-heat-foot">
        <p className="uw-readout" aria-live="polite">
          {at ? (
            <>
              <b>
                {WEEKDAYS[at[0]]}, {hourRange(at[1])}
              </b>
              <Term of={HOUR_COUNT}>{counted(value(at[0], at[1]), "execution")}</Term>
            </>
          ) : (
            <span>Point at an hour, or walk with the arrow keys, to read it.</span>
          )}
        </p>
        <p className="uw-scale">
          <span aria-hidden="true">none</span>
          {Array.from({ length: LEVELS + 1 }, (_, level) => (
            <span key={level} className="uw-scale__cell" data-level={level} />
          ))}
          <Term of={HOUR_COUNT}>
            <span className="uw-hidden">at most </span>
            {counted(greatest, "execution")}
          </Term>
        </p>
      </div>
    </figure>
  );
}
