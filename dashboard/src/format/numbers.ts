// Numbers as people read them. A missing number is a dash, never 0.

const NBSP = "\u00a0";
export const NOTHING = "–";
// What arithmetic leaves of a number that is exactly 0 or 1.
const ROUNDING = 1e-9;
const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : WHOLE.format(value);
}

/** A count for an axis: 12K. */
export function shortCount(value: number): string {
  return SHORT.format(value);
}

/** A count with its noun: `1 time`, `1,200 times`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Rounded halves up to some digits, by the 15 digits that a float surely holds: 14.45 becomes 14.5. */
function rounded(value: number, digits: number): string {
  const scale = 10 ** digits;
  return (Math.round(Number((value * scale).toPrecision(15))) / scale).toFixed(digits);
}

/** A fraction as a percentage with one digit: `98.5 %`. Neither 0 % nor 100 % unless it is exactly that. */
export function percent(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined) return NOTHING;
  const shown = rounded(fraction * 100, 1);
  if (shown === "100.0" && fraction < 1 - ROUNDING) return `>${NBSP}99.9${NBSP}%`;
  if (shown === "0.0" && fraction > ROUNDING) return `<${NBSP}0.1${NBSP}%`;
  return `${shown}${NBSP}%`;
}

/** A probability: small ones only say how small. */
export function probability(value: number): string {
  return value < 0.001 ? `<${NBSP}0.001` : value.toFixed(3);
}

export function decimal(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined ? NOTHING : rounded(value, digits);
}

/** A change with its sign; a true minus, not a hyphen. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "−"}${count(Math.abs(value))}`;
}

export function signedPercent(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined) return NOTHING;
  if (fraction === 0) return `0${NBSP}%`;
  const size = Math.abs(fraction) * 100;
  if (size < 0.05) return `≈${NBSP}0${NBSP}%`;
  const shown = size < 0.5 ? size.toFixed(1) : count(Math.round(size));
  return `${fraction > 0 ? "+" : "−"}${shown}${NBSP}%`;
}

/** A length of time in its two greatest units. */
export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return NOTHING;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}${NBSP}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${NBSP}min ${whole % 60}${NBSP}s`;
  return `${Math.floor(minutes / 60)}${NBSP}h ${minutes % 60}${NBSP}min`;
}
