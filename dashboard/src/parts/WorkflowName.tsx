// The name of a workflow: text in its own direction of writing, and a link where there is a page to go to.
import type { MouseEvent } from "react";

import { workflowName } from "../format/names";
import { useUsage } from "../widgets/context";

export interface WorkflowNameProps {
  workflow: { workflow_id: string; workflow_name: string | null };
  /** What the user calls it. */
  customName?: string | null;
}

export function WorkflowName({ workflow, customName }: WorkflowNameProps) {
  const { workflowHref, onOpenWorkflow } = useUsage();
  const name = <bdi>{customName || workflowName(workflow)}</bdi>;
  if (!workflowHref) return <span className="uw-name">{name}</span>;
  const open = (event: MouseEvent) => {
    if (!onOpenWorkflow || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onOpenWorkflow(workflow.workflow_id);
  };
  return (
    <a className="uw-name" href={workflowHref(workflow.workflow_id)} onClick={open}>
      {name}
    </a>
  );
}

/** Workflows in the order in which they are run: A → B → C. */
export function WorkflowPath({ workflows }: { workflows: WorkflowNameProps["workflow"][] }) {
  return (
    <ol className="uw-path">
      {workflows.map((workflow, step) => (
        <li key={step} className="uw-path__step">
          <WorkflowName workflow={workflow} />
        </li>
      ))}
    </ol>
  );
}
