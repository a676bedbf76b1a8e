// One insight: what it says, the numbers behind it, what can be done.
import type { Insight } from "../api/types";
import { cleaned } from "../format/names";
import { count, decimal, duration, percent } from "../format/numbers";
import { Icon, type IconName } from "../parts/Icon";

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
  onAction: (insight: Insight) => void;
  onDismiss: (insight: Insight) => void;
}

export function InsightRow({ insight, proposal, onAction, onDismiss }: InsightRowProps) {
  const evidence = Object.entries(insight.evidence).flatMap(([name, value]) => {
    const shown = evidenceText(name, value);
    return shown === null ? [] : [[words(name), shown] as const];
  });
  return (
    <li className="uw-row uw-insight" data-insight={insight.insight_id} data-type={insight.insight_type}>
      <span className="uw-insight__icon">
        <Icon name={ICONS[insight.insight_type] ?? "bulb"} />
      </span>
      <div className="uw-row__main">
        <p className="uw-insight__message">
          <bdi>{cleanedMessage(insight.message)}</bdi>
        </p>
        {evidence.length > 0 && (
          <details className="uw-insight__evidence">
            <summary>Numbers behind it</summary>
            <dl>
              {evidence.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
        <div className="uw-row__buttons">
          {proposal !== null && (
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

/** A message is longer than a name but made of the same characters. */
function cleanedMessage(message: string): string {
  return message.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, " ");
}

/** `add_to_favorites` as words: `Add to favourites`. */
export function words(name: string): string {
  const text = name.replace(/_ms$/, "").replaceAll("_", " ").replaceAll("favorite", "favourite");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A number of the evidence; ids and lists of them are for machines. */
function evidenceText(name: string, value: unknown): string | null {
  if (typeof value !== "number") return null;
  if (name.endsWith("_ms")) return duration(value);
  if (/rate|share|confidence/.test(name)) return percent(value);
  return Number.isInteger(value) ? count(value) : decimal(value, 2);
}
