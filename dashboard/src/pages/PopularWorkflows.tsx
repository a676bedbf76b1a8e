// The workflows that are run most, with who runs them and how that changed.
import type { PopularWorkflow } from "../api/types";
import { usePagedList } from "../api/useResource";
import { count, percent, signed } from "../format/numbers";
import { DataTable, type Column } from "../parts/DataTable";
import { Pager } from "../parts/Pager";
import { Panel } from "../parts/Panel";
import { nothingFound, SearchBox, useSearch } from "../parts/SearchBox";
import { Shown } from "../parts/states";
import { WorkflowName } from "../parts/WorkflowName";
import { RankChange } from "./RankChange";

const COLUMNS: Column<PopularWorkflow>[] = [
  { title: "Workflow", cell: (row) => <WorkflowName workflow={row} /> },
  { title: "Rank", of: "popular_workflows.popularity_rank", numeric: true, cell: (row) => count(row.popularity_rank) },
  {
    title: "Moved",
    of: "popular_workflows.rank_change",
    numeric: true,
    secondary: true,
    cell: (row) => <RankChange change={row.rank_change} previous={row.previous_rank} />,
  },
  {
    title: "Executions",
    of: "popular_workflows.total_executions",
    numeric: true,
    cell: (row) => <b className="uw-figure">{count(row.total_executions)}</b>,
  },
  {
    title: "vs week before",
    of: "popular_workflows.execution_change",
    numeric: true,
    secondary: true,
    cell: (row) => signed(row.execution_change),
  },
  { title: "Users", of: "popular_workflows.unique_users", numeric: true, cell: (row) => count(row.unique_users) },
  {
    title: "By people",
    of: "popular_workflows.people_execution_count",
    numeric: true,
    secondary: true,
    cell: (row) => count(row.people_execution_count),
  },
  {
    title: "By machines",
    of: "popular_workflows.machine_execution_count",
    numeric: true,
    secondary: true,
    cell: (row) => count(row.machine_execution_count),
  },
  {
    title: "Success",
    of: "popular_workflows.success_rate",
    numeric: true,
    secondary: true,
    cell: (row) => percent(row.success_rate_fraction),
  },
];

export function PopularWorkflows() {
  const search = useSearch();
  const list = usePagedList<PopularWorkflow>("/popular", { search: search.wanted }, 10);
  return (
    <Panel
      title="Most used"
      about="The last 7 days, beside the 7 days before."
      className="page-popular"
      aside={<SearchBox label="Find a popular workflow by name" search={search} />}
    >
      <Shown resource={list} what="popular workflows" lines={10} isEmpty={(page) => page.items.length === 0} empty={nothingFound(search, "Nothing was run in the last 7 days.")}>
        {(page) => <DataTable caption="Most used workflows" columns={COLUMNS} rows={page.items} rowKey={(row) => row.workflow_id} />}
      </Shown>
      <Pager list={list} what="popular workflows" />
    </Panel>
  );
}
