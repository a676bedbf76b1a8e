// Dates as people read them. A date is a calendar day and has no time zone.
import { NOTHING } from "./numbers";

export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

function instant(day: string): Date {
  return new Date(`${day.slice(0, 10)}T00:00:00Z`);
}

/** `28 Jun 2026`. */
export function day(value: string | null | undefined): string {
  return value ? DAY.format(instant(value)) : NOTHING;
}

/** The day of a moment in a time zone: `28 Jun 2026`. */
export function dayOf(moment: string | null | undefined, timeZone: string): string {
  if (!moment) return NOTHING;
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone }).format(new Date(moment));
}

/** `28 Jun`. */
export function shortDay(value: string): string {
  return SHORT_DAY.format(instant(value));
}

/** The day so many days before. */
export function daysBefore(value: string, days: number): string {
  const then = instant(value);
  then.setUTCDate(then.getUTCDate() - days);
  return then.toISOString().slice(0, 10);
}

/** Every day from the first to the last. */
export function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  for (let current = first; current <= last; current = daysBefore(current, -1)) days.push(current);
  return days;
}

/** `09:00–10:00`. */
export function hourRange(hour: number, hours = 1): string {
  const two = (value: number) => String(value % 24).padStart(2, "0");
  return `${two(hour)}:00–${two(hour + hours)}:00`;
}
