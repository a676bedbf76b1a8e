// One user's own page: the widgets, and when in the week they work.
import { userPath } from "../api/paths";
import type { Page, Pattern, RhythmHour } from "../api/types";
import { useResource, usePagedList } from "../api/useResource";
import { HourOfWeek } from "../charts/HourOfWeek";
import { percent } from "../format/numbers";
import { DefinedText } from "../parts/DefinedText";
import { Pager } from "../parts/Pager";
import { Panel } from "../parts/Panel";
import { Empty, Shown } from "../parts/states";
import { Term } from "../parts/Term";
import { useUsage } from "../widgets/context";
import { MyWorkflows } from "../widgets/MyWorkflows";
import { UsageInsights } from "../widgets/UsageInsights";
import { WorkflowSequenceDetector } from "../widgets/WorkflowSequenceDetector";
import { PageTitle } from "./PageTitle";

/** The columns of the numbers in a pattern's description. */
const IN_DESCRIPTION: Record<string, string[]> = {
  time_based: ["local_hour", "hour_count", "hits", "opportunities"].map((name) => `usage_patterns.${name}`),
  sequence: ["usage_patterns.hits", "usage_patterns.opportunities"],
  conditional: [
    "usage_patterns.hits",
    "usage_patterns.opportunities",
    "pattern_evidence.hits_after_success",
    "pattern_evidence.opportunities_after_success",
  ],
};

export function MePage({ name }: { name: string | null }) {
  const { userId } = useUsage();
  if (userId === null) {
    return (
      <>
        <PageTitle title="Me" window="Me" />
        <Empty>Choose a user above.</Empty>
      </>
    );
  }
  return (
    <>
      <PageTitle title={<bdi>{name ?? "Me"}</bdi>} window={name ?? "Me"}>
        What you run, what works, and what could be easier.
      </PageTitle>
      <div className="page-columns" key={userId}>
        <div>
          <MyWorkflows pageSize={10} />
          <Rhythm userId={userId} />
          <Habits userId={userId} />
        </div>
        <div>
          <UsageInsights pageSize={4} />
          <WorkflowSequenceDetector />
        </div>
      </div>
    </>
  );
}

function Rhythm({ userId }: { userId: string }) {
  const hours = useResource<Page<RhythmHour>>(userPath(userId, "/rhythm"), { limit: 200 });
  return (
    <Panel
      title={<Term of="daily_hours.execution_count">My rhythm</Term>}
      about="Executions by hour of the week, in the last 28 days, in the warehouse's time zone."
    >
      <Shown
        resource={hours}
        what="the rhythm"
        lines={7}
        isEmpty={(page) => page.items.length === 0}
        empty="Nothing was run in the last 28 days."
      >
        {(page) => <HourOfWeek hours={page.items} />}
      </Shown>
    </Panel>
  );
}

function Habits({ userId }: { userId: string }) {
  const list = usePagedList<Pattern>(userPath(userId, "/patterns"), {}, 6);
  return (
    <Panel title="Habits" about="Patterns that are too regular to be chance.">
      <Shown
        resource={list}
        what="habits"
        isEmpty={(page) => page.items.length === 0}
        empty="No pattern is regular enough yet."
      >
        {(page) => (
          <ul className="uw-rows">
            {page.items.map((pattern) => (
              <li key={pattern.pattern_id} className="uw-row">
                <div className="uw-row__main">
                  <DefinedText
                    text={pattern.description}
                    of={IN_DESCRIPTION[pattern.pattern_type] ?? []}
                    otherwise="usage_patterns.pattern_type"
                  />
                </div>
                <Term of="usage_patterns.confidence">
                  <span className="uw-figure">{percent(pattern.confidence)}</span> sure
                </Term>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <Pager list={list} what="habits" />
    </Panel>
  );
}
