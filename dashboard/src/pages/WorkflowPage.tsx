// One workflow: how reliable it is, its history, its users, what runs before and after it.
import type { LifecycleWeek, Neighbours, Page, WorkflowDay, OneWorkflow } from "../api/types";
import { useResource } from "../api/useResource";
import { FlowPicture } from "../charts/FlowPicture";
import { StackedBars, type Part } from "../charts/StackedBars";
import { day, daysBefore, shortDay } from "../format/dates";
import { workflowName } from "../format/names";
import { count, duration, percent } from "../format/numbers";
import { Panel } from "../parts/Panel";
import { Shown } from "../parts/states";
import { Term } from "../parts/Term";
import { WorkflowName } from "../parts/WorkflowName";
import { ReliabilityMark, reliabilityWords } from "../widgets/WorkflowSuccessIndicator";
import { ExecutionHistory, withEmptyDays } from "./ExecutionHistory";
import { PageTitle } from "./PageTitle";

const WEEKS: Part<LifecycleWeek>[] = [
  { name: "Returning", look: "returning", of: "workflow_lifecycle.returning_users", value: (row) => row.returning_users },
  { name: "New", look: "new", of: "workflow_lifecycle.new_users", value: (row) => row.new_users },
  { name: "Resurrected", look: "resurrected", of: "workflow_lifecycle.resurrected_users", value: (row) => row.resurrected_users },
];
type UsersOfDay = Pick<WorkflowDay, "execution_date" | "unique_users">;

const USERS: Part<UsersOfDay>[] = [
  { name: "Users", look: "plain", of: "workflow_daily_usage.unique_users", value: (row) => row.unique_users },
];

export function WorkflowPage({ workflowId }: { workflowId: string }) {
  const path = `/workflow/${encodeURIComponent(workflowId)}`;
  const summary = useResource<OneWorkflow>(path);
  return (
    <Shown resource={summary} what="the workflow" lines={6}>
      {(workflow) => (
        <>
          <PageTitle title={<bdi>{workflowName(workflow)}</bdi>} window={workflowName(workflow)}>
            <span className="uw-when">The last 30 days</span>, up to <Term of="warehouse_as_of.as_of_date">{day(workflow.as_of)}</Term>.
          </PageTitle>
          <Figures workflow={workflow} />
          <ExecutionHistory title="Executions a day" path={`${path}/daily`} asOf={workflow.as_of} />
          <div className="page-columns page-columns--even">
            <Users path={path} asOf={workflow.as_of} />
            <Lifecycle path={path} asOf={workflow.as_of} />
          </div>
          <Around path={path} workflow={workflow} />
        </>
      )}
    </Shown>
  );
}

function Figures({ workflow }: { workflow: OneWorkflow }) {
  const figures: [string, string, React.ReactNode, React.ReactNode?][] = [
    [
      "Success",
      "workflow_success_rates.success_rate",
      <ReliabilityMark key="mark" reliability={workflow.reliability} rate={workflow.success_rate_fraction} compact />,
      <Sureness key="sureness" workflow={workflow} />,
    ],
    ["Executions", "workflow_success_rates.total_executions", count(workflow.total_executions)],
    ["Failed", "workflow_success_rates.failure_count", count(workflow.failure_count), <Unfinished key="unfinished" workflow={workflow} />],
    ["Users", "workflow_success_rates.unique_users", count(workflow.unique_users)],
    ["Median duration", "workflow_duration_percentiles.p50_duration_ms", duration(workflow.p50_duration_ms)],
    ["95th percentile", "workflow_duration_percentiles.p95_duration_ms", duration(workflow.p95_duration_ms)],
    ["Popularity", "popular_workflows.popularity_rank", workflow.popularity_rank === null ? "–" : `#${count(workflow.popularity_rank)}`, <span key="when" className="uw-when">in the last 7 days</span>],
  ];
  return (
    <dl className="figures uw-panel">
      {figures.map(([title, of, value, under]) => (
        <div key={title}>
          <dt>
            <Term of={of}>{title}</Term>
          </dt>
          <dd>
            <span className="figures__value">{value}</span>
            {under && <span className="figures__under">{under}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Sureness({ workflow }: { workflow: OneWorkflow }) {
  const words = workflow.reliability === "grey" ? null : reliabilityWords(workflow.reliability);
  if (workflow.success_rate_lower_fraction === null) return <>{words}</>;
  return (
    <>
      {words && `${words}, `}between{" "}
      <Term of="workflow_success_rates.success_rate_lower">{percent(workflow.success_rate_lower_fraction)}</Term> and{" "}
      <Term of="workflow_success_rates.success_rate_upper">{percent(workflow.success_rate_upper_fraction)}</Term>
    </>
  );
}

function Unfinished({ workflow }: { workflow: OneWorkflow }) {
  return (
    <>
      <Term of="workflow_success_rates.cancelled_count">{count(workflow.cancelled_count)} cancelled</Term>,{" "}
      <Term of="workflow_success_rates.open_count">{count(workflow.open_count)} open</Term>
    </>
  );
}

function Users({ path, asOf }: { path: string; asOf: string }) {
  const days = useResource<Page<WorkflowDay>>(`${path}/daily`, {
    from: daysBefore(asOf, 89),
    to: asOf,
    limit: 200,
  });
  return (
    <Panel title="Users a day" about="Distinct people of each day, over 90 days.">
      <Shown resource={days} what="users" isEmpty={(page) => page.items.length === 0} empty="Nobody ran it in the last 90 days.">
        {(page) => (
          <StackedBars
            label="Users a day"
            height={160}
            rows={withEmptyDays<UsersOfDay>(page.items, asOf, { unique_users: 0 })}
            parts={USERS}
            day={(row) => day(row.execution_date)}
            tick={(row) => shortDay(row.execution_date)}
          />
        )}
      </Shown>
    </Panel>
  );
}

/** A week by its first day; the one that has not ended yet says so. */
function weekName(start: string, asOf: string): string {
  const isOver = daysBefore(start, -6) <= asOf;
  return `Week of ${day(start)}${isOver ? "" : ", so far"}`;
}

function Lifecycle({ path, asOf }: { path: string; asOf: string }) {
  const weeks = useResource<Page<LifecycleWeek>>(`${path}/lifecycle`, { limit: 200 });
  return (
    <Panel title="Users a week" about="Who is new, who came back, who stayed.">
      <Shown resource={weeks} what="users a week" isEmpty={(page) => page.items.length === 0} empty="No week has been counted yet.">
        {(page) => (
          <StackedBars
            label="Users a week"
            height={160}
            rows={[...page.items].sort((a, b) => (a.week_start_date < b.week_start_date ? -1 : 1)).slice(-52)}
            parts={WEEKS}
            day={(row) => weekName(row.week_start_date, asOf)}
            tick={(row) => shortDay(row.week_start_date)}
            also={(row) => (
              <span>
                <Term of="workflow_lifecycle.dormant_users">
                  dormant <b className="uw-figure">{count(row.dormant_users)}</b>
                </Term>
              </span>
            )}
          />
        )}
      </Shown>
    </Panel>
  );
}

function Around({ path, workflow }: { path: string; workflow: OneWorkflow }) {
  const neighbours = useResource<Neighbours>(`${path}/neighbours`);
  const self = { id: workflow.workflow_id, name: workflowName(workflow) };
  return (
    <Panel title="Before and after" about="What the same person runs next, within 5 minutes, in the last 28 days.">
      <Shown
        resource={neighbours}
        what="neighbours"
        isEmpty={(data) => data.before.length + data.after.length === 0}
        empty="It is not run right before or after another workflow."
      >
        {(data) => (
          <>
            <FlowPicture
              label={`What runs before and after ${self.name}`}
              unit="time"
              of="daily_transitions.transition_count"
              paths={[
                ...data.before.slice(0, 6).map((other) => ({
                  key: `before/${other.workflow_id}`,
                  weight: other.transition_count,
                  steps: [{ id: other.workflow_id, name: workflowName(other) }, self],
                })),
                ...data.after.slice(0, 6).map((other) => ({
                  key: `after/${other.workflow_id}`,
                  weight: other.transition_count,
                  from: 1,
                  steps: [self, { id: other.workflow_id, name: workflowName(other) }],
                })),
              ]}
            />
            <div className="page-columns page-columns--even">
              <NeighbourList title="Before" items={data.before} />
              <NeighbourList title="After" items={data.after} />
            </div>
          </>
        )}
      </Shown>
    </Panel>
  );
}

function NeighbourList({ title, items }: { title: string; items: Neighbours["before"] }) {
  return (
    <div>
      <h3 className="uw-subtitle">{title}</h3>
      <ul className="uw-rows neighbours">
        {items.slice(0, 10).map((item) => (
          <li key={item.workflow_id} className="uw-row">
            <span className="uw-row__main">
              <WorkflowName workflow={item} />
            </span>
            <Term of="daily_transitions.transition_count">
              <b className="uw-figure">{count(item.transition_count)}</b>
            </Term>
          </li>
        ))}
      </ul>
    </div>
  );
}
