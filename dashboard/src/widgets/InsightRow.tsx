// One insight: what it says, the numbers behind it, what can be done.
import type { Insight } from "../api/types";
import { cleaned } from "../format/names";
import { DefinedText } from "../parts/DefinedText";
import { Icon, type IconName } from "../parts/Icon";
import { Term } from "../parts/Term";
import { columnsInMessage, numbersOf } from "./evidence";

const ICONS: Record<string, IconName> = {
  most_used: "star",
  struggling: "cross",
  reliability_drop: "down",
  slower: "warning",
  costly: "warning",
  unused: "dash",
  abandoned_by_team: "dash",
};

export interface InsightRowProps {
  insight: Insight;
  /** What the button says; null where there is nothing to press. */
  proposal: string | null;
  /** Takes back what the insight proposes and is done already; null where it is not. */
  onTakeBack: (() => void) | null;
  onAction: (insight: Insight) => void;
  onDismiss: (insight: Insight) => void;
}

export function InsightRow({ insight, proposal, onTakeBack, onAction, onDismiss }: InsightRowProps) {
  const evidence = numbersOf(insight.evidence);
  return (
    <li className="uw-row uw-insight" data-insight={insight.insight_id} data-type={insight.insight_type}>
      <span className="uw-insight__icon">
        <Icon name={ICONS[insight.insight_type] ?? "bulb"} />
      </span>
      <div className="uw-row__main">
        <p className="uw-insight__message">
          <DefinedText text={insight.message} of={columnsInMessage(insight.insight_type)} otherwise="usage_insights.evidence" />
        </p>
        {evidence.length > 0 && (
          <details className="uw-insight__evidence">
            <summary>Numbers behind it</summary>
            <dl>
              {evidence.map(({ of, label, shown }) => (
                <div key={of}>
                  <dt>
                    <Term of={of}>{label}</Term>
                  </dt>
                  <dd>{shown}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
        <div className="uw-row__buttons">
          {onTakeBack && (
            <>
              <span className="uw-tag uw-tag--done uw-row__state">
                <Icon name="star" filled /> A favourite
              </span>
              <button type="button" className="uw-button" onClick={onTakeBack}>
                Remove from favourites
              </button>
            </>
          )}
          {proposal !== null && !onTakeBack && (
            <button type="button" className="uw-button" onClick={() => onAction(insight)}>
              {proposal}
            </button>
          )}
          <button
            type="button"
            className="uw-button uw-button--quiet"
            aria-label={`Dismiss: ${cleaned(insight.message)}`}
            onClick={() => onDismiss(insight)}
          >
            Dismiss
          </button>
        </div>
      </div>
    </li>
  );
}

/** `add_to_favorites` as words: `Add to favourites`. */
export function words(name: string): string {
  const text = name.replace(/_ms$/, "").replaceAll("_", " ").replaceAll("favorite", "favourite");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
