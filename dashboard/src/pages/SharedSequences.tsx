// What several people run one after the other, as a picture and as a table.
import type { Page, PopularSequence } from "../api/types";
import { useResource } from "../api/useResource";
import { FlowPicture } from "../charts/FlowPicture";
import { dayOf } from "../format/dates";
import { workflowName } from "../format/names";
import { count } from "../format/numbers";
import { DataTable, type Column } from "../parts/DataTable";
import { Panel } from "../parts/Panel";
import { Shown } from "../parts/states";
import { WorkflowPath } from "../parts/WorkflowName";
import { useUsage } from "../widgets/context";

const PICTURED = 8;

const columnsIn = (timeZone: string): Column<PopularSequence>[] => [
  { title: "Sequence", cell: (row) => <WorkflowPath workflows={row.workflows} /> },
  { title: "Users", of: "popular_sequences.user_count", numeric: true, cell: (row) => count(row.user_count) },
  { title: "Sessions", of: "popular_sequences.support", numeric: true, cell: (row) => count(row.support) },
  {
    title: "Last run",
    of: "popular_sequences.last_executed",
    numeric: true,
    secondary: true,
    cell: (row) => dayOf(row.last_executed, timeZone),
  },
];

export function SharedSequences() {
  const columns = columnsIn(useUsage().timeZone);
  const sequences = useResource<Page<PopularSequence>>("/popular-sequences", { limit: PICTURED });
  return (
    <Panel
      title="Run together by several users"
      about={`At most ${PICTURED} sequences, the most shared of the last 28 days. A ribbon is one sequence, as wide as the number of users; a sequence inside a longer one has its own.`}
      className="page-sequences"
    >
      <Shown resource={sequences} what="shared sequences" lines={6} isEmpty={(page) => page.items.length === 0} empty="No sequence is shared by several users yet.">
        {(page) => (
          <>
            <FlowPicture
              label="Workflows that are run one after the other, from left to right"
              unit="user"
              of="popular_sequences.user_count"
              paths={page.items.map((sequence) => ({
                key: sequence.sequence_id,
                weight: sequence.user_count,
                steps: sequence.workflows.map((step) => ({ id: step.workflow_id, name: workflowName(step) })),
              }))}
            />
            <DataTable caption="Shared sequences" columns={columns} rows={page.items} rowKey={(row) => row.sequence_id} />
          </>
        )}
      </Shown>
    </Panel>
  );
}
