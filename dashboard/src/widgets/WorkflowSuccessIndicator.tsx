// How reliable a workflow is: a symbol and words, never colour alone. The server says which of the four it is.
import type { OneWorkflow } from "../api/types";
import { useResource } from "../api/useResource";
import { percent } from "../format/numbers";
import { Icon, type IconName } from "../parts/Icon";
import { Term } from "../parts/Term";

export type Reliability = OneWorkflow["reliability"];

const LOOKS: Record<Reliability, { icon: IconName; words: string }> = {
  green: { icon: "check", words: "reliable" },
  yellow: { icon: "warning", words: "fails sometimes" },
  red: { icon: "cross", words: "fails often" },
  grey: { icon: "dash", words: "too few executions" },
};

/** What a colour means, in words. */
export function reliabilityWords(reliability: Reliability | null): string {
  return LOOKS[reliability ?? "grey"].words;
}

export interface ReliabilityMarkProps {
  reliability: Reliability | null;
  rate: number | null;
  /** Only the symbol and the rate; the words are for screen readers and in the definition. */
  compact?: boolean;
  /** The column of the rate, where no heading says it. */
  of?: string;
}

/** The mark for numbers that are already here. */
export function ReliabilityMark({ reliability, rate, compact = false, of }: ReliabilityMarkProps) {
  const known = reliability ?? "grey";
  const { icon, words } = LOOKS[known];
  // With too few executions a rate would promise more than it knows.
  const shown = known === "grey" ? null : percent(rate);
  const mark = (
    <span className={`uw-mark uw-mark--${known}`} title={of ? undefined : words} data-reliability={known}>
      <span className="uw-mark__symbol">
        <Icon name={icon} />
      </span>
      {shown !== null && <span className="uw-mark__rate">{shown}</span>}
      <span className={compact && shown !== null ? "uw-hidden" : "uw-mark__words"}>{words}</span>
    </span>
  );
  return of ? (
    <Term of={of} note={`${words.charAt(0).toUpperCase()}${words.slice(1)}.`}>
      {mark}
    </Term>
  ) : (
    mark
  );
}

export interface WorkflowSuccessIndicatorProps {
  workflowId: string;
  compact?: boolean;
}

/** The mark for a workflow, over its last 30 days. */
export function WorkflowSuccessIndicator({ workflowId, compact = false }: WorkflowSuccessIndicatorProps) {
  const summary = useResource<OneWorkflow>(`/workflow/${encodeURIComponent(workflowId)}`);
  if (summary.problem) {
    return (
      <span className="usage-widget uw-mark uw-mark--grey" role="status">
        Reliability unknown: {summary.problem.message}
      </span>
    );
  }
  if (!summary.data) {
    return <span className="usage-widget uw-mark uw-mark--loading" role="status" aria-label="Loading reliability" />;
  }
  return (
    <span className="usage-widget">
      <ReliabilityMark
        reliability={summary.data.reliability}
        rate={summary.data.success_rate_fraction}
        compact={compact}
        of="workflow_success_rates.success_rate"
      />
    </span>
  );
}
