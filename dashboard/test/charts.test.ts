import { describe, expect, it } from "vitest";

import { routeOf } from "../src/app/route";
import { layOut } from "../src/charts/flowLayout";
import { levelOf } from "../src/charts/HourOfWeek";
import { everyNth } from "../src/charts/scale";
import { withEmptyDays } from "../src/pages/ExecutionHistory";
import { moved } from "../src/widgets/favourites";

const step = (id: string) => ({ id, name: id.toUpperCase() });

describe("a flow picture", () => {
  it("has one box a column and workflow, and a ribbon for each step of each path", () => {
    const flow = layOut(
      [
        { key: "1", weight: 3, steps: [step("a"), step("b"), step("c")] },
        { key: "2", weight: 2, steps: [step("a"), step("b")] },
      ],
      600,
      200,
      100,
    );
    expect(flow.boxes.map((box) => box.key).sort()).toEqual(["0/a", "1/b", "2/c"]);
    expect(flow.ribbons).toHaveLength(3);
    expect(flow.ribbons.reduce((sum, ribbon) => sum + ribbon.value, 0)).toBe(8);
  });

  it("can run in a circle, because a column is part of what a box is", () => {
    const flow = layOut([{ key: "1", weight: 1, steps: [step("a"), step("b"), step("a")] }], 600, 200, 100);
    expect(flow.boxes).toHaveLength(3);
  });

  it("starts a path in the column that it names", () => {
    const flow = layOut(
      [
        { key: "before", weight: 1, steps: [step("x"), step("self")] },
        { key: "after", weight: 1, from: 1, steps: [step("self"), step("y")] },
      ],
      600,
      200,
      100,
    );
    const column = (key: string) => flow.boxes.find((box) => box.key === key)?.x0 ?? 0;
    expect(column("0/x")).toBeLessThan(column("1/self"));
    expect(column("1/self")).toBeLessThan(column("2/y"));
  });
});

describe("a flow picture of what comes after only", () => {
  it("begins at the left", () => {
    const flow = layOut([{ key: "after", weight: 1, from: 1, steps: [step("self"), step("y")] }], 600, 200, 100);
    expect(Math.min(...flow.boxes.map((box) => box.x0 ?? 0))).toBe(1);
  });
});

describe("the other charts", () => {
  it("leave a day without executions as a gap", () => {
    const counts = { execution_count: 2, success_count: 2, failure_count: 0, cancelled_count: 0, open_count: 0 };
    const rows = withEmptyDays([{ execution_date: "2026-06-26", ...counts }], "2026-06-28", { ...counts, execution_count: 0, success_count: 0 });
    expect(rows.map((row) => [row.execution_date, row.execution_count])).toEqual([
      ["2026-06-26", 2],
      ["2026-06-27", 0],
      ["2026-06-28", 0],
    ]);
  });

  it("show a single execution beside a thousand, and nothing as nothing", () => {
    expect([levelOf(0, 1000), levelOf(1, 1000), levelOf(1000, 1000)]).toEqual([0, 1, 5]);
  });

  it("have as many labels as fit", () => {
    expect(everyNth([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
  });
});

describe("moving", () => {
  it("takes a thing to another place and leaves the others in order", () => {
    expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  });
});

describe("addresses", () => {
  it("lead to the pages and nowhere else", () => {
    expect([routeOf("/"), routeOf("/organisation/"), routeOf("/workflow/a%2Fb"), routeOf("/x/y/z")]).toEqual([
      { page: "me" },
      { page: "organisation" },
      { page: "workflow", workflowId: "a/b" },
      { page: "unknown" },
    ]);
  });
});
