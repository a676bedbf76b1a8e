// A rate with the interval in which it lies, on a line from 0 % to 100 %.
import { percent } from "../format/numbers";

export interface IntervalProps {
  rate: number | null;
  lower: number | null;
  upper: number | null;
}

const WIDTH = 150;
const HEIGHT = 18;
const EDGE = 5;

export function Interval({ rate, lower, upper }: IntervalProps) {
  if (rate === null || lower === null || upper === null) return <>–</>;
  const x = (fraction: number) => EDGE + fraction * (WIDTH - 2 * EDGE);
  const middle = HEIGHT / 2;
  return (
    <svg
      className="uw-interval"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`${percent(rate)}, between ${percent(lower)} and ${percent(upper)}`}
    >
      <line className="uw-grid" x1={x(0)} x2={x(1)} y1={middle} y2={middle} />
      {[0, 0.5, 1].map((at) => (
        <line key={at} className="uw-grid" x1={x(at)} x2={x(at)} y1={middle - 4} y2={middle + 4} />
      ))}
      <rect
        className="uw-interval__range"
        x={x(lower)}
        width={Math.max(3, x(upper) - x(lower))}
        y={middle - 4}
        height={8}
        rx={2}
      />
      <rect className="uw-interval__rate" x={x(rate) - 1} width={2} y={middle - 7} height={14} rx={1} />
    </svg>
  );
}
