// Every workflow of a user, recent or most used first, one page at a time.
import { useState } from "react";

import type { UserWorkflow } from "../api/types";
import { usePagedList } from "../api/useResource";
import { day } from "../format/dates";
import { workflowName } from "../format/names";
import { count, duration, signedPercent } from "../format/numbers";
import { DataTable, type Column } from "../parts/DataTable";
import { Icon } from "../parts/Icon";
import { Pager } from "../parts/Pager";
import { Panel, type HeadingLevel } from "../parts/Panel";
import { Choice } from "../parts/Choice";
import { nothingFound, SearchBox, useSearch } from "../parts/SearchBox";
import { Shown } from "../parts/states";
import { WorkflowName } from "../parts/WorkflowName";
import type { Favourites } from "./favourites";
import { ReliabilityMark } from "./WorkflowSuccessIndicator";

const COLUMNS: Column<UserWorkflow>[] = [
  { title: "Workflow", cell: (row) => <WorkflowName workflow={row} /> },
  { title: "Executions", of: "user_workflow_stats.total_executions", numeric: true, cell: (row) => count(row.execution_count) },
  {
    title: "Success",
    of: "user_workflow_stats.success_rate",
    numeric: true,
    cell: (row) => <ReliabilityMark reliability={row.reliability} rate={row.success_rate_fraction} compact />,
  },
  {
    title: "Mean duration",
    of: "user_workflow_stats.avg_duration_ms",
    numeric: true,
    spare: true,
    cell: (row) => duration(row.avg_duration_ms),
  },
  { title: "Frequency", of: "user_workflow_stats.frequency", secondary: true, cell: (row) => row.frequency ?? "–" },
  {
    title: "Trend",
    of: "user_workflow_stats.execution_trend",
    numeric: true,
    secondary: true,
    cell: (row) => signedPercent(row.execution_trend_fraction),
  },
  { title: "Last used", of: "user_workflow_stats.last_used_date", numeric: true, secondary: true, cell: (row) => day(row.last_used_date) },
];

export function WorkflowList(props: { path: string; favourites: Favourites; level: HeadingLevel; pageSize: number }) {
  const { path, favourites, level, pageSize } = props;
  const [order, setOrder] = useState<"recent" | "use">("recent");
  const search = useSearch();
  const list = usePagedList<UserWorkflow>(path, { order, search: search.wanted }, pageSize);
  const star: Column<UserWorkflow> = {
    title: "Favourite",
    hiddenTitle: true,
    cell: (row) => <Star workflow={row} favourites={favourites} />,
  };
  return (
    <Panel
      title={order === "recent" ? "Recent" : "Most used"}
      level={level}
      className="uw-workflows"
      aside={
        <>
          <SearchBox label="Find one of these workflows by name" search={search} />
          <Choice
            label="Order"
            options={[
              { value: "recent", label: "Recent" },
              { value: "use", label: "Most used" },
            ]}
            value={order}
            onChange={setOrder}
          />
        </>
      }
    >
      <Shown resource={list} what="workflows" lines={pageSize} isEmpty={(page) => page.items.length === 0} empty={nothingFound(search, "No workflow has been run yet.")}>
        {(page) => (
          <DataTable caption="Workflows" columns={[...COLUMNS, star]} rows={page.items} rowKey={(row) => row.workflow_id} />
        )}
      </Shown>
      <Pager list={list} what="workflows" />
    </Panel>
  );
}

function Star({ workflow, favourites }: { workflow: UserWorkflow; favourites: Favourites }) {
  const isFavourite = favourites.has(workflow.workflow_id);
  const name = workflowName(workflow);
  return (
    <button
      type="button"
      className="uw-icon-button uw-star"
      aria-pressed={isFavourite}
      aria-label={`${name} is a favourite`}
      title={isFavourite ? "Remove from favourites" : "Add to favourites"}
      onClick={() => void (isFavourite ? favourites.remove(workflow.workflow_id) : favourites.add(workflow))}
    >
      <Icon name="star" filled={isFavourite} />
    </button>
  );
}
