// What the organisation could do: mend, automate, retire; and what it relies on.
import type { OrganisationInsight } from "../api/types";
import { usePagedList } from "../api/useResource";
import { count } from "../format/numbers";
import { DefinedText } from "../parts/DefinedText";
import { Icon, type IconName } from "../parts/Icon";
import { Pager } from "../parts/Pager";
import { Panel } from "../parts/Panel";
import { Shown } from "../parts/states";
import { Term } from "../parts/Term";
import { useUsage } from "../widgets/context";

const KINDS: Record<string, { words: string; icon: IconName }> = {
  fix_this: { words: "Fix this", icon: "warning" },
  automate_this: { words: "Automate this", icon: "play" },
  retire_this: { words: "Retire this", icon: "dash" },
  valuable: { words: "Valuable", icon: "star" },
};

/** The columns of the numbers in a message; how many days it counts is said by the column of what is counted. */
const IN_MESSAGE: Record<string, string[]> = {
  valuable: ["user_count", "execution_count", "execution_count"],
  fix_this: ["success_rate", "execution_count", "execution_count"],
  automate_this: ["user_count", "execution_count", "execution_count"],
  retire_this: ["last_used_date", "user_count"],
};

export function OrganisationInsights() {
  const usage = useUsage();
  const list = usePagedList<OrganisationInsight>("/organisation/insights", {}, 6);
  const { workflowHref } = usage;
  return (
    <Panel title="Worth doing" className="page-insights">
      <Shown resource={list} what="insights" isEmpty={(page) => page.items.length === 0} empty="Nothing needs attention.">
        {(page) => (
          <ul className="uw-rows">
            {page.items.map((insight) => {
              const kind = KINDS[insight.insight_type] ?? { words: insight.insight_type, icon: "bulb" as const };
              return (
                <li key={`${insight.insight_type}/${insight.workflow_id ?? insight.sequence_id}`} className="uw-row uw-insight">
                  <span className="uw-insight__icon">
                    <Icon name={kind.icon} />
                  </span>
                  <div className="uw-row__main">
                    <span className="uw-row__lead">{kind.words}</span>
                    <p className="uw-insight__message">
                      <DefinedText
                        text={insight.message}
                        of={(IN_MESSAGE[insight.insight_type] ?? []).map((name) => `organisation_insights.${name}`)}
                        otherwise="organisation_insights.insight_type"
                      />
                    </p>
                    {/* The other messages say it themselves. */}
                    {insight.insight_type === "fix_this" && (
                      <span className="uw-row__under">
                        <Term of="organisation_insights.user_count">
                          <b className="uw-figure">{count(insight.user_count)}</b> {insight.user_count === 1 ? "user" : "users"}
                        </Term>
                      </span>
                    )}
                  </div>
                  {insight.workflow_id && workflowHref && (
                    <button
                      type="button"
                      className="uw-button"
                      onClick={() => insight.workflow_id && usage.onOpenWorkflow?.(insight.workflow_id)}
                    >
                      Open<span className="uw-hidden"> {insight.subject}</span>
                    </button>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Shown>
      <Pager list={list} what="insights" />
    </Panel>
  );
}
