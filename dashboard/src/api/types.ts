// The shapes of the HTTP API as they arrive. No number here is computed again on the screen.

export type Reliability = "green" | "yellow" | "red" | "grey";
export type Frequency = "daily" | "weekly" | "monthly" | "rare";

export interface Page<T> {
  as_of: string | null;
  items: T[];
  next_cursor: string | null;
}

export interface SuccessRate {
  success_rate_fraction: number | null;
  success_rate_percent: number | null;
}

export interface NamedWorkflow {
  workflow_id: string;
  workflow_name: string | null;
}

export interface Me {
  user_id: string | null;
  user_name: string | null;
  scopes: string[];
  is_demo: boolean;
  as_of: string | null;
}

export interface User {
  user_id: string;
  user_name: string | null;
  execution_count: number;
  last_used_date: string | null;
}

export interface UserWorkflow extends NamedWorkflow, SuccessRate {
  execution_count: number;
  success_count: number;
  failure_count: number;
  cancelled_count: number;
  open_count: number;
  finished_count: number;
  reliability: Reliability;
  avg_duration_ms: number | null;
  first_used_date: string;
  last_used_date: string;
  last_used_at: string | null;
  frequency: Frequency | null;
  current_streak_days: number;
  longest_streak_days: number;
  executions_last_28_days: number;
  executions_previous_28_days: number;
  execution_trend_fraction: number | null;
}

export interface Favorite extends NamedWorkflow, SuccessRate {
  custom_name: string | null;
  category: string | null;
  position: number | null;
  usage_count: number;
  last_used: string | null;
  added_at: string;
  reliability: Reliability | null;
}

export interface RhythmHour {
  weekday: number;
  hour: number;
  execution_count: number;
}

export interface PopularWorkflow extends NamedWorkflow, SuccessRate {
  popularity_rank: number;
  total_executions: number;
  unique_users: number;
  people_execution_count: number;
  machine_execution_count: number;
  previous_rank: number | null;
  rank_change: number | null;
  previous_total_executions: number;
  execution_change: number;
}

export interface WorkflowReliability extends NamedWorkflow, SuccessRate {
  total_executions: number | null;
  success_count: number | null;
  failure_count: number | null;
  cancelled_count: number | null;
  open_count: number | null;
  sample_size: number | null;
  failure_rate_fraction: number | null;
  success_rate_lower_fraction: number | null;
  success_rate_upper_fraction: number | null;
  unique_users: number | null;
  avg_duration_ms: number | null;
  p50_duration_ms: number | null;
  p95_duration_ms: number | null;
  reliability: Reliability | null;
}

export interface WorkflowSummary extends WorkflowReliability {
  popularity_rank: number | null;
  as_of: string | null;
}

export interface AbandonedWorkflow extends NamedWorkflow {
  users_who_abandoned: number;
  avg_tries_before_abandon: number;
  median_tries_before_abandon: number;
  last_used_date: string;
}

export interface Sequence {
  sequence_id: string;
  workflows: NamedWorkflow[];
  frequency: number;
  last_executed: string;
  popularity_rank: number;
  is_saved: boolean;
}

export interface SharedSequence {
  sequence_id: string;
  workflows: NamedWorkflow[];
  user_count: number;
  support: number;
  day_count: number;
  confidence: number | null;
  lift: number | null;
  last_executed: string;
}

export interface Template {
  template_id: string;
  name: string;
  sequence_id: string | null;
  workflows: NamedWorkflow[];
  created_at: string;
}

export interface Pattern extends NamedWorkflow {
  pattern_id: string;
  pattern_type: "time_based" | "sequence" | "conditional";
  description: string;
  confidence: number;
  hits: number;
  opportunities: number;
}

export interface Insight {
  insight_id: string;
  insight_type: string;
  workflow_id: string | null;
  workflow_name: string | null;
  message: string;
  action: string;
  evidence: Record<string, unknown>;
  score: number;
  state: "open" | "dismissed" | "resolved";
  opened_date: string | null;
}

export interface OrganisationInsight {
  insight_type: "fix_this" | "automate_this" | "retire_this" | "valuable";
  workflow_id: string | null;
  sequence_id: string | null;
  subject: string;
  message: string;
  user_count: number;
  score: number;
}

export interface DayCounts {
  execution_date: string;
  execution_count: number;
  success_count: number;
  failure_count: number;
  cancelled_count: number;
  open_count: number;
}

export interface WorkflowDay extends DayCounts, SuccessRate {
  unique_users: number;
  avg_duration_ms: number | null;
}

export interface Neighbour extends NamedWorkflow {
  transition_count: number;
}

export interface Neighbours {
  as_of: string | null;
  before: Neighbour[];
  after: Neighbour[];
}

export interface LifecycleWeek {
  week_start_date: string;
  active_users: number;
  new_users: number;
  returning_users: number;
  resurrected_users: number;
  dormant_users: number;
}

export interface Definitions {
  items: Record<string, string>;
  /** Where days begin and end. */
  time_zone: string;
}
