// Rows as the API sends them.
import type { Favourite, Insight, Sequence, UserWorkflow } from "../src/api/types";

export function favourite(id: string, name: string, given: Partial<Favourite> = {}): Favourite {
  return {
    workflow_id: id,
    workflow_name: name,
    custom_name: null,
    category: null,
    position: null,
    usage_count: 12,
    last_used: null,
    added_at: "2026-06-01T08:00:00Z",
    success_rate_fraction: 0.95,
    success_rate_percent: 95,
    reliability: "green",
    ...given,
  };
}

export function userWorkflow(id: string, name: string, given: Partial<UserWorkflow> = {}): UserWorkflow {
  return {
    workflow_id: id,
    workflow_name: name,
    execution_count: 1200,
    success_count: 1000,
    failure_count: 200,
    cancelled_count: 0,
    open_count: 0,
    finished_count: 1200,
    success_rate_fraction: 0.8333,
    success_rate_percent: 83.33,
    reliability: "yellow",
    avg_duration_ms: 61_000,
    first_used_date: "2026-05-01",
    last_used_date: "2026-06-28",
    last_used_at: "2026-06-28T09:00:00Z",
    frequency: "daily",
    current_streak_days: 1,
    longest_streak_days: 1,
    executions_last_28_days: 10,
    executions_previous_28_days: 8,
    execution_trend_fraction: 0.25,
    ...given,
  };
}

export function sequence(id: string, names: string[], given: Partial<Sequence> = {}): Sequence {
  return {
    sequence_id: id,
    workflows: names.map((name) => ({ workflow_id: `w-${name}`, workflow_name: name })),
    frequency: 4,
    last_executed: "2026-06-27T09:00:00Z",
    popularity_rank: 1,
    is_saved: false,
    ...given,
  };
}

export function insight(id: string, given: Partial<Insight> = {}): Insight {
  return {
    insight_id: id,
    insight_type: "most_used",
    workflow_id: "w1",
    workflow_name: "Report",
    message: 'You use "Report" the most (1,200 times in the last 30 days)',
    action: "add_to_favorites",
    evidence: { people_execution_count: 1200, days: 30 },
    score: 3,
    state: "open",
    opened_date: "2026-06-28",
    ...given,
  };
}
