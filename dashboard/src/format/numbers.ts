// Numbers as people read them. A missing number is a dash, never 0.

const NBSP = "\u00a0";
export const NOTHING = "–";
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

/** A fraction as a percentage with one digit: `98.5 %`. */
export function percent(fraction: number | null | undefined): string {
  return fraction === null || fraction === undefined ? NOTHING : `${(fraction * 100).toFixed(1)}${NBSP}%`;
}

export function decimal(value: number | null | undefined, digits = 1): string {
  return value === null || value === undefined ? NOTHING : value.toFixed(digits);
}

/** A change with its sign; a true minus, not a hyphen. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "−"}${count(Math.abs(value))}`;
}

export function signedPercent(fraction: number | null | undefined): string {
  if (fraction === null || fraction === undefined) return NOTHING;
  const whole = Math.round(fraction * 100);
  if (whole === 0) return `0${NBSP}%`;
  return `${whole > 0 ? "+" : "−"}${count(Math.abs(whole))}${NBSP}%`;
}

/** A length of time in its two greatest units. */
export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return NOTHING;
  if (milliseconds < 1000) return `${Math.round(milliseconds)}${NBSP}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${NBSP}min ${whole % 60}${NBSP}s`;
  return `${Math.floor(minutes / 60)}${NBSP}h ${minutes % 60}${NBSP}min`;
}
