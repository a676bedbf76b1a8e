// How reliable each workflow is, the worst first, with how sure that is.
import type { WorkflowReliability } from "../api/types";
import { usePagedList } from "../api/useResource";
import { Interval } from "../charts/Interval";
import { NOTHING, count, percent } from "../format/numbers";
import { DataTable, type Column } from "../parts/DataTable";
import { Pager } from "../parts/Pager";
import { Panel } from "../parts/Panel";
import { nothingFound, SearchBox, useSearch } from "../parts/SearchBox";
import { Shown } from "../parts/states";
import { WorkflowName } from "../parts/WorkflowName";
import { ReliabilityMark } from "../widgets/WorkflowSuccessIndicator";

const COLUMNS: Column<WorkflowReliability>[] = [
  { title: "Workflow", cell: (row) => <WorkflowName workflow={row} /> },
  {
    title: "Success",
    of: "workflow_success_rates.success_rate",
    numeric: true,
    cell: (row) => <ReliabilityMark reliability={row.reliability} rate={row.success_rate_fraction} compact />,
  },
  {
    title: "95 % interval",
    of: "workflow_success_rates.success_rate_lower",
    secondary: true,
    cell: (row) => (
      <Interval
        rate={row.success_rate_fraction}
        lower={row.success_rate_lower_fraction}
        upper={row.success_rate_upper_fraction}
      />
    ),
  },
  {
    title: "From – to",
    of: "workflow_success_rates.success_rate_upper",
    numeric: true,
    secondary: true,
    cell: (row) =>
      row.success_rate_fraction === null
        ? NOTHING
        : `${percent(row.success_rate_lower_fraction)} – ${percent(row.success_rate_upper_fraction)}`,
  },
  { title: "Finished", of: "workflow_success_rates.sample_size", numeric: true, cell: (row) => count(row.sample_size) },
  { title: "Failed", of: "workflow_success_rates.failure_count", numeric: true, spare: true, cell: (row) => count(row.failure_count) },
];

export function ReliabilityTable() {
  const search = useSearch();
  const list = usePagedList<WorkflowReliability>("/success-rates", { search: search.wanted }, 10);
  return (
    <Panel
      title="Reliability"
      about="The last 30 days, the least reliable first. A wide interval means few executions."
      className="page-reliability"
      aside={<SearchBox label="Find the reliability of a workflow by name" search={search} />}
    >
      <Shown resource={list} what="reliability" lines={10} isEmpty={(page) => page.items.length === 0} empty={nothingFound(search, "Nothing was run in the last 30 days.")}>
        {(page) => <DataTable caption="Reliability of workflows" columns={COLUMNS} rows={page.items} rowKey={(row) => row.workflow_id} />}
      </Shown>
      <Pager list={list} what="reliability" />
    </Panel>
  );
}
