import { render, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { DefinedText } from "../src/parts/DefinedText";
import { columnsInMessage, numbersOf } from "../src/widgets/evidence";
import { UsageInsights } from "../src/widgets/UsageInsights";
import { insight } from "./examples";
import { Around, page, serverOf } from "./server";

const everyColumn = new Proxy<Record<string, string>>({}, { get: (_, name) => `What ${String(name)} means.` });
const { api: emptyApi } = serverOf({});

/** Each number of a sentence with the column that defines it. */
async function definedIn(message: string, type: string, evidence: Record<string, unknown>): Promise<[string, string][]> {
  const names = columnsInMessage(type).concat("usage_insights.evidence");
  const items = Object.fromEntries([...names, ...numbersOf(evidence).map(({ of }) => of)].map((name) => [name, everyColumn[name]]));
  const { api } = serverOf({
    "GET /definitions": { items, time_zone: "UTC" },
    "GET /user/u1/insights": page([insight("i1", { message, insight_type: type, evidence })]),
    "GET /user/u1/favorites": page([]),
  });
  const { container } = render(<Around api={api}><UsageInsights /></Around>);
  await waitFor(() => expect(container.querySelector(".uw-insight__message [data-definition]")).not.toBeNull());
  expect(container.querySelector(".uw-insight__message")?.textContent).toBe(message);
  return [...container.querySelectorAll<HTMLElement>(".uw-insight__message [data-definition]")].map((word) => [
    word.textContent ?? "",
    (word.dataset["definition"] ?? "").replace("insight_evidence.", ""),
  ]);
}

describe("The numbers in an insight's message", () => {
  it.each([
    ["most_used", 'You use "Report 2026" the most (1,200 times in the last 30 days)', [["1,200", "people_execution_count"], ["30", "days"]]],
    ["struggling", '"Import" fails often (12 of 20 times in the last 30 days). Need help?', [["12", "failure_count"], ["20", "sample_size"], ["30", "days"]]],
    ["unused", "You haven't used 3 workflows in 30+ days", [["3", "workflow_count"], ["30+", "days"]]],
    ["unused", 'You haven\'t used "Step 1" in 30+ days', [["30+", "days"]]],
    ["costly", '"Train" cost 1,234.56 in the last 30 days: 80% of all your costs', [["1,234.56", "total_cost"], ["30", "days"], ["80%", "share_of_user_cost"]]],
    [
      "reliability_drop",
      '"Sync" has become less reliable: less than 1% of all runs succeeded in the last 7 days, 98% in the 28 days before',
      [["1%", "success_rate"], ["7", "days"], ["98%", "previous_success_rate"], ["28", "previous_days"]],
    ],
    [
      "slower",
      '"Sync" has become slower: half of all runs took more than 3 min 20 s in the last 7 days, 850 ms in the 28 days before',
      [["3 min 20 s", "median_duration_ms"], ["7", "days"], ["850 ms", "previous_median_duration_ms"], ["28", "previous_days"]],
    ],
    ["automate_sequence", 'You ran "A" → "B 2" 16 times in the last 28 days. Save it as a template?', [["16", "support"], ["28", "days"]]],
    [
      "schedule_it",
      'You run "A" on Tuesdays between 23:00 and 00:00 (16 of 17 days). Schedule it?',
      [["23:00", "local_hour"], ["00:00", "hour_count"], ["16", "hits"], ["17", "opportunities"]],
    ],
    ["abandoned_by_team", '7 of the 9 people who used "A" have stopped using it. Is there something better?', [["7", "users_who_abandoned"], ["9", "users"]]],
    ["try_this", '7 of 9 people who run "A 1" also run "B". Try it?', [["7", "users_of_both"], ["9", "users"]]],
    ["of tomorrow", '"A" is new: 7 of 9.', [["7", "usage_insights.evidence"], ["9", "usage_insights.evidence"]]],
  ] as const)("of %s are those of its evidence: %s", async (type, message, expected) => {
    expect(await definedIn(message, type, {})).toEqual(expected);
  });
});

describe("The evidence of an insight", () => {
  it("is shown by what each number is, and without what is for machines", () => {
    const shown = numbersOf({
      p_value: 0.0000004, success_rate: 0.9996, previous_median_duration_ms: 850, lift: 3.14159, local_hour: 23, hour_count: 1,
      workflow_ids: ["a"], sequence_id: "s", unheard_of: 4,
    });
    expect(shown.map(({ label, shown: text }) => `${label}: ${text}`.replaceAll("\u00a0", " "))).toEqual([
      "Time of day: 23:00–00:00",
      "Success: > 99.9 %",
      "Median before: 850 ms",
      "Times as common as by chance: 3.1",
      "Probability of chance: < 0.001",
    ]);
  });
});

describe("A sentence", () => {
  it("is whole without definitions, and loses what would turn it around", () => {
    render(<Around api={emptyApi}><DefinedText text={'You ran "a\u202eb" 3 times.'} of={["x.y"]} otherwise="x.z" /></Around>);
    expect(screen.getByText(/You ran/).textContent).toBe('You ran "a b" 3 times.');
  });
});
