// The package: what another React application imports.
import "./widgets.css";

export { UsageApi, ApiProblem } from "../api/client";
export type * from "../api/types";
export { ExecutionTracker } from "../tracking/tracker";
export type { ExecutionStart, FinalStatus, RunningExecution, TrackerOptions } from "../tracking/tracker";
export { MyWorkflows, type MyWorkflowsProps } from "./MyWorkflows";
export { UsageInsights, type UsageInsightsProps } from "./UsageInsights";
export { UsageProvider, type UsageProviderProps } from "./UsageProvider";
export {
  WorkflowSequenceDetector,
  type WorkflowSequenceDetectorProps,
} from "./WorkflowSequenceDetector";
export {
  WorkflowSuccessIndicator,
  type WorkflowSuccessIndicatorProps,
} from "./WorkflowSuccessIndicator";
export {
  useExecutionTracker,
  WorkflowUsageTracker,
  type WorkflowUsageTrackerProps,
} from "./WorkflowUsageTracker";
