// Executions a day by how they ended; of all workflows, or of one.
import { useState } from "react";

import type { OrganisationDay, Page } from "../api/types";
import { useResource } from "../api/useResource";
import { StackedBars, type Part } from "../charts/StackedBars";
import { day, daysBefore, daysBetween, shortDay } from "../format/dates";
import { Choice } from "../parts/Choice";
import { Panel } from "../parts/Panel";
import { Shown } from "../parts/states";

const SPANS = [
  { value: 28, label: "28 days" },
  { value: 90, label: "90 days" },
  { value: 180, label: "180 days" },
] as const;

/** What is drawn of a day; a day without executions has nothing else. */
type DayOutcomes = Pick<OrganisationDay, "execution_date" | "execution_count" | "success_count" | "failure_count" | "cancelled_count" | "open_count">;

export const OUTCOMES: Part<DayOutcomes>[] = [
  { name: "Succeeded", look: "success", of: "workflow_daily_usage.success_count", value: (row) => row.success_count },
  { name: "Failed", look: "failure", of: "workflow_daily_usage.failure_count", value: (row) => row.failure_count },
  { name: "Cancelled", look: "cancelled", of: "workflow_daily_usage.cancelled_count", value: (row) => row.cancelled_count },
  { name: "Open", look: "open", of: "workflow_daily_usage.open_count", value: (row) => row.open_count },
];

const NO_EXECUTIONS = { execution_count: 0, success_count: 0, failure_count: 0, cancelled_count: 0, open_count: 0 };

/** A row for every day, so that a day without executions is a gap and not a missing bar. */
export function withEmptyDays<T extends { execution_date: string }>(rows: T[], last: string, nothing: Omit<T, "execution_date">): T[] {
  const first = rows.reduce((least, row) => (row.execution_date < least ? row.execution_date : least), last);
  const known = new Map(rows.map((row) => [row.execution_date, row]));
  return daysBetween(first, last).map((date) => known.get(date) ?? ({ ...nothing, execution_date: date } as T));
}

export function ExecutionHistory(props: { title: string; path: string; asOf: string }) {
  const [span, setSpan] = useState<28 | 90 | 180>(90);
  const { asOf } = props;
  const days = useResource<Page<DayOutcomes>>(props.path, {
    from: daysBefore(asOf, span - 1),
    to: asOf,
    limit: 200,
  });
  return (
    <Panel title={props.title} className="page-history" aside={<Choice label="Days" options={SPANS} value={span} onChange={setSpan} />}>
      <Shown resource={days} what="executions" lines={6} isEmpty={(page) => page.items.length === 0} empty={`Nothing was run in the last ${span} days.`}>
        {(page) => (
          <StackedBars
            label="Executions a day"
            rows={withEmptyDays(page.items, asOf, NO_EXECUTIONS)}
            parts={OUTCOMES}
            day={(row) => day(row.execution_date)}
            tick={(row) => shortDay(row.execution_date)}
          />
        )}
      </Shown>
    </Panel>
  );
}
