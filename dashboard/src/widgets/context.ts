// What every widget on a page shares: the API, whose usage it is, and what the application does with a workflow.
import { createContext, useContext } from "react";

import type { UsageApi } from "../api/client";

export interface Usage {
  api: UsageApi;
  /** Whose usage is shown and tracked; null while nobody is chosen. */
  userId: string | null;
  /** Runs a workflow in the application around the widgets; without it no button to run is shown. */
  onRunWorkflow: ((workflowId: string) => void) | undefined;
  /** Where a workflow's own page is; without it names are no links. */
  workflowHref: ((workflowId: string) => string) | undefined;
  /** Follows such a link inside the application; without it the browser does. */
  onOpenWorkflow: ((workflowId: string) => void) | undefined;
  definitions: Readonly<Record<string, string>>;
  /** Where the warehouse's days begin and end. */
  timeZone: string;
}

export const UsageContext = createContext<Usage | null>(null);

export function useUsage(): Usage {
  const usage = useContext(UsageContext);
  if (usage === null) throw new Error("Put the widgets of workflow usage inside a <UsageProvider>.");
  return usage;
}
