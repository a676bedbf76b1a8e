// The answers of the HTTP API. Generated: do not edit.
// `python -m usage_pipeline.api.openapi.generate` writes this file from the models of the routes.

/** A workflow and what it is called. */
export interface WorkflowName {
  workflow_id: string;
  /** The latest known name; null when none is known. */
  workflow_name: string | null;
}

/** A workflow used in the last 7 days, and the change against the 7 days before. */
export interface PopularWorkflow extends WorkflowName {
  /** success / (success + failure), 0 to 1; null with nothing to divide by. */
  success_rate_fraction: number | null;
  popularity_rank: number;
  total_executions: number;
  unique_users: number;
  people_execution_count: number;
  machine_execution_count: number;
  previous_rank: number | null;
  /** Positive is up; null without a previous rank. */
  rank_change: number | null;
  previous_total_executions: number;
  execution_change: number;
  reliability: "green" | "yellow" | "red" | "grey";
  /** The same in per cent, 0 to 100. */
  success_rate_percent: number | null;
}

/** A workflow used in the last 30 days, and how reliable it was. */
export interface WorkflowReliability extends WorkflowName {
  success_count: number;
  failure_count: number;
  cancelled_count: number;
  /** Executions that have not ended. */
  open_count: number;
  /** success / (success + failure), 0 to 1; null with nothing to divide by. */
  success_rate_fraction: number | null;
  total_executions: number;
  /** success + failure: what the rate is made of. */
  sample_size: number;
  failure_rate_fraction: number | null;
  /** Wilson 95 % lower bound. */
  success_rate_lower_fraction: number | null;
  /** Wilson 95 % upper bound. */
  success_rate_upper_fraction: number | null;
  unique_users: number;
  avg_duration_ms: number | null;
  p50_duration_ms: number | null;
  p95_duration_ms: number | null;
  reliability: "green" | "yellow" | "red" | "grey";
  /** The same in per cent, 0 to 100. */
  success_rate_percent: number | null;
  /** The failure rate in per cent. */
  failure_rate_percent: number | null;
  /** The lower bound in per cent. */
  success_rate_lower_percent: number | null;
  /** The upper bound in per cent. */
  success_rate_upper_percent: number | null;
}

/** How reliable one workflow is. */
export interface OneWorkflowReliability extends WorkflowReliability {
  as_of: string;
}

/** Everything about one workflow. */
export interface OneWorkflow extends OneWorkflowReliability {
  /** null when not used in the last 7 days. */
  popularity_rank: number | null;
}

/** A workflow that more than 5 users used and nobody uses any more. */
export interface AbandonedWorkflow extends WorkflowName {
  users_who_abandoned: number;
  avg_tries_before_abandon: number;
  median_tries_before_abandon: number;
  last_used_date: string;
}

/** A workflow and how a user uses it, over all time unless said otherwise. */
export interface UserWorkflow extends WorkflowName {
  success_count: number;
  failure_count: number;
  cancelled_count: number;
  /** Executions that have not ended. */
  open_count: number;
  /** success / (success + failure), 0 to 1; null with nothing to divide by. */
  success_rate_fraction: number | null;
  execution_count: number;
  /** success + failure: what the rate is made of. */
  finished_count: number;
  /** By this user's rate: green above 90 %, yellow above 70 %, else red; grey with fewer than 5 finished executions. */
  reliability: "green" | "yellow" | "red" | "grey";
  avg_duration_ms: number | null;
  first_used_date: string;
  last_used_date: string;
  last_used_at: string;
  frequency: "daily" | "weekly" | "monthly" | "rare";
  current_streak_days: number;
  longest_streak_days: number;
  executions_last_28_days: number;
  executions_previous_28_days: number;
  /** Executions of the last 28 days against the 28 before: 0.5 is half as many again; null without earlier ones. */
  execution_trend_fraction: number | null;
  /** The same in per cent, 0 to 100. */
  success_rate_percent: number | null;
}

/** How much a user runs in one hour of the week. */
export interface RhythmHour {
  /** 0 is Monday. */
  weekday: number;
  /** In the warehouse's time zone. */
  hour: number;
  /** Executions by the person in the last 28 days. */
  execution_count: number;
}

/** The result of one item. */
export interface TrackedResult {
  /** The place of the item in the request, from 0. */
  index: number;
  /** Its id, made here if it had none. */
  execution_id: string | null;
  status: "accepted" | "rejected";
  /** Why it was rejected. */
  reason: string | null;
}

/** The result of a request. */
export interface Tracked {
  /** Items that are committed. */
  accepted: number;
  /** Items that are not kept. */
  rejected: number;
  items: TrackedResult[];
}

/** Who calls. */
export interface Me {
  /** The person; null for an application or the demo. */
  user_id: string | null;
  user_name: string | null;
  scopes: string[];
  /** Whether this server asks nobody who they are. */
  is_demo: boolean;
  as_of: string;
}

/** A user with an execution. */
export interface User {
  user_id: string;
  /** The id that the source knows the user by. */
  user_name: string | null;
  execution_count: number;
  last_used_date: string;
}

/** A workflow that a user keeps at hand. */
export interface Favourite extends WorkflowName {
  /** success / (success + failure), 0 to 1; null with nothing to divide by. */
  success_rate_fraction: number | null;
  /** The user's own name for it. */
  custom_name: string | null;
  category: string | null;
  /** From 1; null for one that was never moved. */
  position: number | null;
  /** The user's executions, as of the last night. */
  usage_count: number;
  last_used: string | null;
  added_at: string;
  /** The workflow's, in the last 30 days. */
  reliability: "green" | "yellow" | "red" | "grey";
  /** The same in per cent, 0 to 100. */
  success_rate_percent: number | null;
}

/** A favourite, as of a day. */
export interface FavouriteItem extends Favourite {
  as_of: string;
}

/** Workflows that a user runs one after the other. */
export interface Sequence {
  sequence_id: string;
  /** In the order in which they are run. */
  workflows: WorkflowName[];
  /** How often, in the window. */
  frequency: number;
  last_executed: string;
  /** 1 for the user's most frequent one. */
  popularity_rank: number;
  /** Whether the user has made a template of it. */
  is_saved: boolean;
}

/** Workflows that several users run one after the other, in the last 28 days. */
export interface PopularSequence {
  sequence_id: string;
  workflows: WorkflowName[];
  user_count: number;
  /** Sessions with it in them. */
  support: number;
  day_count: number;
  /** How often the last step follows the ones before it. */
  confidence: number;
  /** How much more often than by chance; 1 is chance. */
  lift: number;
  last_executed: string;
}

/** A sequence that a user has saved. */
export interface Template {
  template_id: string;
  name: string;
  sequence_id: string;
  workflows: WorkflowName[];
  created_at: string;
}

/** A template, as of a day. */
export interface TemplateItem extends Template {
  as_of: string;
}

/** Something a user does regularly. */
export interface Pattern {
  pattern_id: string;
  pattern_type: "time_based" | "sequence" | "conditional";
  workflow_id: string;
  workflow_name: string | null;
  next_workflow_id: string | null;
  next_workflow_name: string | null;
  local_hour: number | null;
  hour_count: number | null;
  /** 0 is Monday. */
  weekdays: number[] | null;
  description: string;
  /** Wilson 95 % lower bound of hits / opportunities. */
  confidence: number;
  hits: number;
  opportunities: number;
  evidence: Record<string, unknown>;
}

/** Something worth telling a user. */
export interface Insight {
  insight_id: string;
  insight_type: string;
  workflow_id: string | null;
  workflow_name: string | null;
  message: string;
  action: string;
  /** The numbers behind the message. */
  evidence: Record<string, unknown>;
  score: number;
  state: "open" | "dismissed" | "resolved";
  opened_date: string;
}

/** An insight, as of a day. */
export interface InsightItem extends Insight {
  as_of: string;
}

/** One day of all workflows together. */
export interface OrganisationDay {
  success_count: number;
  failure_count: number;
  cancelled_count: number;
  /** Executions that have not ended. */
  open_count: number;
  /** success / (success + failure), 0 to 1; null with nothing to divide by. */
  success_rate_fraction: number | null;
  execution_date: string;
  execution_count: number;
  reliability: "green" | "yellow" | "red" | "grey";
  /** The same in per cent, 0 to 100. */
  success_rate_percent: number | null;
}

/** One day of a workflow, with at least one execution. */
export interface WorkflowDay extends OrganisationDay {
  unique_users: number;
  avg_duration_ms: number | null;
}

/** One week of a workflow's users. */
export interface LifecycleWeek {
  week_start_date: string;
  active_users: number;
  new_users: number;
  returning_users: number;
  resurrected_users: number;
  dormant_users: number;
}

/** A workflow run directly before or after another one. */
export interface Neighbour extends WorkflowName {
  transition_count: number;
}

/** Workflows run directly before and after a workflow, most often first. */
export interface Neighbours {
  as_of: string;
  before: Neighbour[];
  after: Neighbour[];
}

/** Something worth doing, with the numbers that say so. */
export interface OrganisationInsight {
  /** success / (success + failure), 0 to 1; null with nothing to divide by. */
  success_rate_fraction: number | null;
  insight_type: "fix_this" | "automate_this" | "retire_this" | "valuable";
  /** null for what is about a sequence. */
  workflow_id: string | null;
  sequence_id: string | null;
  /** The steps of a sequence. */
  workflow_ids: string[] | null;
  subject: string;
  message: string;
  user_count: number;
  score: number;
  execution_count: number | null;
  failure_count: number | null;
  last_used_date: string | null;
  day_count: number | null;
  confidence: number | null;
  lift: number | null;
  /** By the success rate; null without one. */
  reliability: "green" | "yellow" | "red" | "grey" | null;
  /** The same in per cent, 0 to 100. */
  success_rate_percent: number | null;
}

/** The meaning of columns, by `table.column`; a table's own text stands under its name. */
export interface Definitions {
  as_of: string;
  items: Record<string, string>;
  /** Where days begin and end. */
  time_zone: string;
}

/** Some items of a list, and where the next ones begin. */
export interface Page<T> {
  /** The last day that the answer counts. */
  as_of: string;
  items: T[];
  /** Give it as `cursor` for the next items; null after the last. */
  next_cursor: string | null;
}
