import { describe, expect, it } from "vitest";

import { day, dayOf, daysBefore, daysBetween, hourRange } from "../src/format/dates";
import { cleaned, workflowName } from "../src/format/names";
import { count, counted, duration, percent, probability, signed, signedPercent } from "../src/format/numbers";

describe("numbers", () => {
  it("a half is rounded up, as in messages and in the terminal", () => {
    expect([percent(0.1225), percent(0.1445), percent(0.9995)]).toEqual(["12.3\u00a0%", "14.5\u00a0%", ">\u00a099.9\u00a0%"]);
  });

  it("show a missing number as a dash and never as 0", () => {
    expect([count(null), percent(null), duration(null), signed(null), signedPercent(null)]).toEqual(["–", "–", "–", "–", "–"]);
    expect(percent(0)).toBe("0.0\u00a0%");
  });
  it("show 0 % and 100 % only for exactly that", () => {
    expect([percent(0.9996), percent(0.9994), percent(1), percent(1 - 1e-15), percent(0.0004), percent(1e-16)]).toEqual(
      [">\u00a099.9", "99.9", "100.0", "100.0", "<\u00a00.1", "0.0"].map((shown) => `${shown}\u00a0%`),
    );
  });
  it("say how small a small probability is", () => {
    expect([probability(0.00004), probability(0.0123)]).toEqual(["<\u00a00.001", "0.012"]);
  });
  it("have thousands separated and one noun in the singular", () => {
    expect(counted(1, "time")).toBe("1 time");
    expect(counted(1200, "time")).toBe("1,200 times");
  });
  it("show a change with its sign", () => {
    expect([signed(12), signed(-1200), signed(0)]).toEqual(["+12", "−1,200", "0"]);
    expect([signedPercent(0.254), signedPercent(-0.5), signedPercent(0.001), signedPercent(0)]).toEqual([
      "+25\u00a0%",
      "−50\u00a0%",
      "+0.1\u00a0%",
      "0\u00a0%",
    ]);
  });
  it("show a length of time in two units that never reach 60", () => {
    expect([duration(12), duration(2400), duration(59_960), duration(3_599_600), duration(7_260_000)]).toEqual([
      "12\u00a0ms",
      "2.4\u00a0s",
      "1\u00a0min 0\u00a0s",
      "1\u00a0h 0\u00a0min",
      "2\u00a0h 1\u00a0min",
    ]);
  });
});

describe("dates", () => {
  it("are calendar days in every time zone", () => {
    expect(day("2026-06-28")).toBe("28 Jun 2026");
    expect(daysBefore("2026-03-01", 1)).toBe("2026-02-28");
    expect(daysBetween("2026-02-27", "2026-03-01")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  });
  it("of a moment are those of the warehouse's time zone", () => {
    expect(dayOf("2026-06-28T22:30:00Z", "Europe/Berlin")).toBe("29 Jun 2026");
    expect(dayOf("2026-06-28T22:30:00Z", "UTC")).toBe("28 Jun 2026");
  });
  it("have a last hour that ends at midnight", () => {
    expect(hourRange(23)).toBe("23:00–00:00");
  });
});

describe("names", () => {
  it("lose characters that change how other text is shown, and keep the joiners that scripts need", () => {
    expect(cleaned("ab\u202ecd\u0000\n\tef")).toBe("ab cd ef");
    expect(cleaned("می\u200cخواهم")).toBe("می\u200cخواهم");
  });
  it("are cut by letters, not by halves of them", () => {
    expect([...cleaned("😀".repeat(100))]).toHaveLength(80);
  });
  it("are the beginning of the id where there is none", () => {
    expect(workflowName({ workflow_id: "0123456789", workflow_name: "  " })).toBe("workflow 01234567");
  });
});
