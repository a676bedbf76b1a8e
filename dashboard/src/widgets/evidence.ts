// The numbers behind insights: what each is called, how it is shown, and in which order a message says them.
import { hourRange } from "../format/dates";
import { count, decimal, duration, percent, probability } from "../format/numbers";

type Show = (value: number) => string;

const EVIDENCE: Record<string, [string, Show]> = {
  people_execution_count: ["Executions by you", count],
  execution_count: ["Executions", count],
  success_count: ["Succeeded", count],
  failure_count: ["Failed", count],
  success_rate: ["Success", percent],
  sample_size: ["Finished", count],
  previous_success_rate: ["Success before", percent],
  previous_sample_size: ["Finished before", count],
  median_duration_ms: ["Median duration", duration],
  duration_count: ["With a duration", count],
  previous_median_duration_ms: ["Median before", duration],
  previous_duration_count: ["With a duration before", count],
  workflow_count: ["Workflows", count],
  total_cost: ["Cost", (value) => decimal(value, 2)],
  share_of_user_cost: ["Share of your costs", percent],
  support: ["Sessions", count],
  day_count: ["On different days", count],
  hits: ["Days on which you ran it", count],
  opportunities: ["Days on which you could have", count],
  users_who_abandoned: ["Users who left", count],
  users_of_both: ["Users of both", count],
  users: ["Users", count],
  usual_share: ["Who usually leave", percent],
  confidence: ["Confidence", percent],
  lift: ["Times as common as by chance", decimal],
  p_value: ["Probability of chance", probability],
  days: ["Days counted", count],
  previous_days: ["Days before", count],
};

/** The columns of the numbers in a message, by the type of the insight. */
const IN_MESSAGE: Record<string, string[]> = {
  most_used: ["people_execution_count", "days"],
  struggling: ["failure_count", "sample_size", "days"],
  unused: ["workflow_count", "days"],
  costly: ["total_cost", "days", "share_of_user_cost"],
  reliability_drop: ["success_rate", "days", "previous_success_rate", "previous_days"],
  slower: ["median_duration_ms", "days", "previous_median_duration_ms", "previous_days"],
  automate_sequence: ["support", "days"],
  schedule_it: ["local_hour", "hour_count", "hits", "opportunities"],
  abandoned_by_team: ["users_who_abandoned", "users"],
  try_this: ["users_of_both", "users"],
};

function column(name: string): string {
  return `insight_evidence.${name}`;
}

export function columnsInMessage(insightType: string): string[] {
  return (IN_MESSAGE[insightType] ?? []).map(column);
}

export interface Evidence {
  of: string;
  label: string;
  shown: string;
}

/** The numbers of the evidence, in the order above; ids and lists of them are for machines. */
export function numbersOf(evidence: Record<string, unknown>): Evidence[] {
  const shown = Object.entries(EVIDENCE).flatMap(([name, [label, show]]) => {
    const value = evidence[name];
    return typeof value === "number" ? [{ of: column(name), label, shown: show(value) }] : [];
  });
  const { local_hour: hour, hour_count: hours } = evidence;
  if (typeof hour !== "number" || typeof hours !== "number") return shown;
  return [{ of: column("local_hour"), label: "Time of day", shown: hourRange(hour, hours) }, ...shown];
}
