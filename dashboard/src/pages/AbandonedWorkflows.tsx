// Workflows that many tried and nobody runs any more.
import type { AbandonedWorkflow } from "../api/types";
import { usePagedList } from "../api/useResource";
import { day } from "../format/dates";
import { count, decimal } from "../format/numbers";
import { DataTable, type Column } from "../parts/DataTable";
import { Pager } from "../parts/Pager";
import { Panel } from "../parts/Panel";
import { nothingFound, SearchBox, useSearch } from "../parts/SearchBox";
import { Shown } from "../parts/states";
import { WorkflowName } from "../parts/WorkflowName";

const COLUMNS: Column<AbandonedWorkflow>[] = [
  { title: "Workflow", cell: (row) => <WorkflowName workflow={row} /> },
  {
    title: "Users who left",
    of: "abandoned_workflows.users_who_abandoned",
    numeric: true,
    cell: (row) => count(row.users_who_abandoned),
  },
  {
    title: "Mean tries",
    of: "abandoned_workflows.avg_tries_before_abandon",
    numeric: true,
    cell: (row) => decimal(row.avg_tries_before_abandon),
  },
  {
    title: "Median tries",
    of: "abandoned_workflows.median_tries_before_abandon",
    numeric: true,
    secondary: true,
    cell: (row) => decimal(row.median_tries_before_abandon),
  },
  { title: "Last used", of: "abandoned_workflows.last_used_date", numeric: true, secondary: true, cell: (row) => day(row.last_used_date) },
];

export function AbandonedWorkflows() {
  const search = useSearch();
  const list = usePagedList<AbandonedWorkflow>("/abandoned", { search: search.wanted }, 10);
  return (
    <Panel
      title="Abandoned"
      about="Used by more than 5 people over 30 days ago, and by nobody in the last 7 days."
      className="page-abandoned"
      aside={<SearchBox label="Find an abandoned workflow by name" search={search} />}
    >
      <Shown resource={list} what="abandoned workflows" isEmpty={(page) => page.items.length === 0} empty={nothingFound(search, "No workflow has been abandoned.")}>
        {(page) => <DataTable caption="Abandoned workflows" columns={COLUMNS} rows={page.items} rowKey={(row) => row.workflow_id} />}
      </Shown>
      <Pager list={list} what="abandoned workflows" />
    </Panel>
  );
}
