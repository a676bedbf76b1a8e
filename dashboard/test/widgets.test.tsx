import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";

import { MyWorkflows } from "../src/widgets/MyWorkflows";
import { UsageInsights } from "../src/widgets/UsageInsights";
import { ReliabilityMark, WorkflowSuccessIndicator } from "../src/widgets/WorkflowSuccessIndicator";
import { WorkflowSequenceDetector } from "../src/widgets/WorkflowSequenceDetector";
import { favourite, insight, sequence, userWorkflow } from "./examples";
import { Around, page, problem, serverOf } from "./server";

const FAVOURITES = "/user/u1/favorites";

function favouritesServer() {
  let items = [favourite("a", "Alpha"), favourite("b", "Beta"), favourite("c", "Gamma")];
  return serverOf({
    "GET /user/u1": page([userWorkflow("a", "Alpha"), userWorkflow("d", "Delta")]),
    [`GET ${FAVOURITES}`]: () => page(items),
    [`POST ${FAVOURITES}`]: () => {
      items = [...items, favourite("d", "Delta")];
      return items.at(-1);
    },
    [`PUT ${FAVOURITES}/order`]: ({ body }: { body: unknown }) => {
      const { workflow_ids: order } = body as { workflow_ids: string[] };
      items = order.flatMap((id) => items.find((item) => item.workflow_id === id) ?? []);
      return page(items);
    },
    [`PATCH ${FAVOURITES}/b`]: ({ body }: { body: unknown }) => {
      items = items.map((item) => (item.workflow_id === "b" ? { ...item, ...(body as object) } : item));
      return items[1];
    },
    [`DELETE ${FAVOURITES}/a`]: () => {
      items = items.filter((item) => item.workflow_id !== "a");
      return new Response(null, { status: 204 });
    },
  });
}

async function shownFavourites(): Promise<string[]> {
  const cards = await waitFor(() => {
    const found = document.querySelectorAll(".uw-card__name");
    expect(found.length).toBeGreaterThan(0);
    return found;
  });
  return [...cards].map((card) => card.textContent ?? "");
}

describe("MyWorkflows", () => {
  it("shows favourites in their order and recent workflows with their success", async () => {
    const { api } = favouritesServer();
    render(<Around api={api}><MyWorkflows /></Around>);
    expect(await shownFavourites()).toEqual(["Alpha", "Beta", "Gamma"]);
    const row = await screen.findByRole("row", { name: /Delta/ });
    expect(row.textContent).toContain("1,200");
    expect(row.textContent).toContain("83.3\u00a0%");
  });

  it("moves a favourite with the buttons, tells the server the whole order and says where it is", async () => {
    const { api, calls } = favouritesServer();
    render(<Around api={api}><MyWorkflows /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Move Gamma up" }));
    await waitFor(async () => expect(await shownFavourites()).toEqual(["Alpha", "Gamma", "Beta"]));
    expect(calls.find((call) => call.method === "PUT")?.body).toEqual({ workflow_ids: ["a", "c", "b"] });
    expect(screen.getByText("Gamma is now number 2 of 3.")).toBeTruthy();
  });

  it("moves a favourite by dragging it onto another", async () => {
    const { api, calls } = favouritesServer();
    render(<Around api={api}><MyWorkflows /></Around>);
    await shownFavourites();
    const [first, , third] = document.querySelectorAll(".uw-card");
    const dataTransfer = { setData: () => undefined, effectAllowed: "" };
    fireEvent.dragStart(third as Element, { dataTransfer });
    fireEvent.drop(first as Element, { dataTransfer });
    await waitFor(() => expect(calls.find((call) => call.method === "PUT")?.body).toEqual({ workflow_ids: ["c", "a", "b"] }));
  });

  it("does nothing at the ends of the list but keeps the focus", async () => {
    const { api, calls } = favouritesServer();
    render(<Around api={api}><MyWorkflows /></Around>);
    const button = await screen.findByRole("button", { name: "Move Alpha up" });
    await userEvent.click(button);
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(document.activeElement).toBe(button);
    expect(calls.some((call) => call.method === "PUT")).toBe(false);
  });

  it("adds a workflow with its star and removes a favourite", async () => {
    const { api } = favouritesServer();
    render(<Around api={api}><MyWorkflows /></Around>);
    await shownFavourites();
    await userEvent.click(await screen.findByRole("button", { name: "Delta is a favourite" }));
    await waitFor(async () => expect(await shownFavourites()).toContain("Delta"));
    await userEvent.click(screen.getByRole("button", { name: "Remove Alpha from favourites" }));
    await waitFor(async () => expect(await shownFavourites()).toEqual(["Beta", "Gamma", "Delta"]));
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Remove Beta from favourites" }));
  });

  it("renames a favourite and gives it a category", async () => {
    const { api, calls } = favouritesServer();
    render(<Around api={api}><MyWorkflows /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Rename Beta" }));
    await userEvent.type(screen.getByLabelText("Your name for it"), "My report");
    await userEvent.type(screen.getByLabelText("Category"), "Finance");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(async () => expect(await shownFavourites()).toContain("My report"));
    expect(calls.find((call) => call.method === "PATCH")?.body).toEqual({ custom_name: "My report", category: "Finance" });
  });

  it("knows favourites that are not on the first page of the answer", async () => {
    const { api } = serverOf({
      "GET /user/u1": page([userWorkflow("z", "Zeta")]),
      [`GET ${FAVOURITES}`]: ({ path }: { path: string }) =>
        path.includes("cursor=next%3D%3D") ? page([favourite("z", "Zeta")]) : page([favourite("a", "Alpha")], "next=="),
    });
    render(<Around api={api}><MyWorkflows /></Around>);
    await waitFor(async () => expect(await shownFavourites()).toEqual(["Alpha", "Zeta"]));
    expect((await screen.findByRole("button", { name: "Zeta is a favourite" })).getAttribute("aria-pressed")).toBe("true");
  });

  it("puts back what the server refuses and says why", async () => {
    const { api } = serverOf({
      "GET /user/u1": page([]),
      [`GET ${FAVOURITES}`]: page([favourite("a", "Alpha"), favourite("b", "Beta")]),
      [`DELETE ${FAVOURITES}/a`]: problem(503, "The database is away. Try again."),
    });
    render(<Around api={api}><MyWorkflows /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Remove Alpha from favourites" }));
    expect(await screen.findByText("The database is away. Try again.")).toBeTruthy();
    await waitFor(async () => expect(await shownFavourites()).toEqual(["Alpha", "Beta"]));
  });

  it("offers to run a workflow only where the application can", async () => {
    const { api } = favouritesServer();
    const run = vi.fn();
    render(<Around api={api} onRunWorkflow={run}><MyWorkflows /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Run Alpha" }));
    expect(run).toHaveBeenCalledWith("a");
  });

  it("says that it is loading, that there is nothing, and what went wrong", async () => {
    const { api } = serverOf({ "GET /user/u1": problem(500, "Something broke."), [`GET ${FAVOURITES}`]: page([]) });
    render(<Around api={api}><MyWorkflows /></Around>);
    expect(screen.getByLabelText("Loading favourites")).toBeTruthy();
    expect(await screen.findByText(/No favourites yet/)).toBeTruthy();
    const alert = await screen.findByRole("alert");
    expect(within(alert).getByText("Something broke.")).toBeTruthy();
    expect(within(alert).getByRole("button", { name: "Try again" })).toBeTruthy();
  });

  it("shows one page of a long list and goes on to the next", async () => {
    const { api, calls } = serverOf({
      [`GET ${FAVOURITES}`]: page([]),
      "GET /user/u1": ({ path }: { path: string }) =>
        path.includes("cursor=2") ? page([userWorkflow("z", "Zeta")]) : page([userWorkflow("a", "Alpha")], "2"),
    });
    render(<Around api={api}><MyWorkflows pageSize={1} /></Around>);
    await screen.findByRole("row", { name: /Alpha/ });
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    await screen.findByRole("row", { name: /Zeta/ });
    expect(screen.queryByRole("row", { name: /Alpha/ })).toBeNull();
    expect(calls.some((call) => call.path === "/user/u1?order=recent&limit=1&cursor=2")).toBe(true);
  });

  it("shows hostile names as text", async () => {
    const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
    const { api } = serverOf({ "GET /user/u1": page([userWorkflow("a", hostile)]), [`GET ${FAVOURITES}`]: page([favourite("a", hostile)]) });
    const { container } = render(<Around api={api}><MyWorkflows /></Around>);
    expect(await shownFavourites()).toEqual([hostile]);
    expect(container.querySelector("img, script")).toBeNull();
  });
});

describe("Every widget", () => {
  it.each([
    ["UsageInsights", <UsageInsights key="1" />, "Loading insights"],
    ["WorkflowSequenceDetector", <WorkflowSequenceDetector key="2" />, "Loading sequences"],
    ["MyWorkflows", <MyWorkflows key="3" />, "Loading favourites"],
    ["WorkflowSuccessIndicator", <WorkflowSuccessIndicator key="4" workflowId="w" />, "Loading reliability"],
  ] as const)("%s says that it is loading, and what went wrong in the server's words", async (_, widget, loading) => {
    const refuse = () => problem(503, "The warehouse is being restarted.");
    const { api } = serverOf({
      "GET /user/u1": refuse,
      "GET /user/u1/favorites": refuse,
      "GET /user/u1/insights": refuse,
      "GET /user/u1/templates": refuse,
      "GET /sequences/u1": refuse,
      "GET /workflow/w": refuse,
    });
    render(<Around api={api}>{widget}</Around>);
    expect(screen.getByLabelText(loading)).toBeTruthy();
    expect((await screen.findAllByText(/The warehouse is being restarted\./)).length).toBeGreaterThan(0);
  });

  it.each([
    ["UsageInsights", <UsageInsights key="1" />],
    ["WorkflowSequenceDetector", <WorkflowSequenceDetector key="2" />],
    ["MyWorkflows", <MyWorkflows key="3" />],
  ] as const)("%s says what it needs where no user is chosen", (_, widget) => {
    const { api } = serverOf({});
    render(<Around api={api} userId={null}>{widget}</Around>);
    expect(screen.getByText(/^Choose a user/)).toBeTruthy();
  });
});

describe("WorkflowSuccessIndicator", () => {
  it.each([
    ["green", 0.985, "98.5\u00a0%", "reliable"],
    ["yellow", 0.8, "80.0\u00a0%", "fails sometimes"],
    ["red", 0.5, "50.0\u00a0%", "fails often"],
  ] as const)("says %s in words and with a symbol", (reliability, rate, shown, words) => {
    const { container } = render(<ReliabilityMark reliability={reliability} rate={rate} />);
    expect(container.textContent).toBe(shown + words);
    expect(container.querySelector("svg")).not.toBeNull();
  });

  it("shows no rate that too few executions would make up", () => {
    const { container } = render(<ReliabilityMark reliability="grey" rate={1} />);
    expect(container.textContent).toBe("too few executions");
  });

  it("reads the workflow's own numbers", async () => {
    const { api } = serverOf({ "GET /workflow/w%2F1": { workflow_id: "w/1", success_rate_fraction: 0.91, reliability: "green" } });
    render(<Around api={api}><WorkflowSuccessIndicator workflowId="w/1" /></Around>);
    expect(await screen.findByText("91.0 %")).toBeTruthy();
  });
});

describe("WorkflowSequenceDetector", () => {
  it("shows what is often run together and saves it as a template under a name", async () => {
    let saved = false;
    const { api, calls } = serverOf({
      "GET /sequences/u1": () => page([sequence("s1", ["Alpha", "Beta"], { is_saved: saved })]),
      "GET /user/u1/templates": () =>
        page(saved ? [{ template_id: "t1", name: "Morning", sequence_id: "s1", workflows: [], created_at: "" }] : []),
      "POST /user/u1/templates": () => {
        saved = true;
        return { template_id: "t1" };
      },
    });
    render(<Around api={api}><WorkflowSequenceDetector /></Around>);
    expect(await screen.findByText("You often run")).toBeTruthy();
    expect([...document.querySelectorAll(".uw-path__step")].map((step) => step.textContent)).toEqual(["Alpha", "Beta"]);
    await userEvent.click(screen.getByRole("button", { name: "Save as template" }));
    const name = screen.getByLabelText<HTMLInputElement>("Name");
    expect(name.value).toBe("Alpha to Beta");
    await userEvent.clear(name);
    await userEvent.type(name, "Morning");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("Saved")).toBeTruthy();
    expect(calls.find((call) => call.method === "POST")?.body).toEqual({ sequence_id: "s1", name: "Morning" });
    expect(await screen.findByRole("button", { name: "Delete the template Morning" })).toBeTruthy();
  });

  it("asks for the days that were chosen", async () => {
    const { api, calls } = serverOf({ "GET /sequences/u1": page([]), "GET /user/u1/templates": page([]) });
    render(<Around api={api}><WorkflowSequenceDetector /></Around>);
    await userEvent.click(screen.getByLabelText("90 days"));
    expect(await screen.findByText(/in the last 90 days/)).toBeTruthy();
    expect(calls.some((call) => call.path === "/sequences/u1?window=90")).toBe(true);
  });
});

describe("UsageInsights", () => {
  it("dismisses an insight and takes it back", async () => {
    let state = "open";
    const { api } = serverOf({
      "GET /user/u1/insights": () => page(state === "open" ? [insight("i1")] : []),
      "POST /user/u1/insights/i1/dismiss": () => {
        state = "dismissed";
        return insight("i1", { state: "dismissed" });
      },
      "POST /user/u1/insights/i1/reopen": () => {
        state = "open";
        return insight("i1");
      },
    });
    render(<Around api={api}><UsageInsights /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: /^Dismiss/ }));
    expect(await screen.findByText("Nothing needs your attention.")).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Undo" }));
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(await screen.findByText(/the most/)).toBeTruthy();
  });

  it("shows the numbers behind an insight and does what it proposes", async () => {
    const { api, calls } = serverOf({
      "GET /user/u1/insights": page([insight("i1", { evidence: { success_rate: 0.25, median_duration_ms: 2400, sequence_id: "s" } })]),
      "POST /user/u1/favorites": favourite("w1", "Report"),
    });
    render(<Around api={api}><UsageInsights /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Add to favourites" }));
    await waitFor(() => expect(calls.find((call) => call.method === "POST")?.body).toEqual({ workflow_id: "w1" }));
    expect([...document.querySelectorAll("dd")].map((value) => value.textContent)).toEqual(["25.0\u00a0%", "2.4\u00a0s"]);
  });

  it("shows what is a favourite already as one, and takes it back", async () => {
    let items = [favourite("w1", "Report")];
    const { api, calls } = serverOf({
      "GET /user/u1/insights": page([insight("i1")]),
      "GET /user/u1/favorites": () => page(items),
      "DELETE /user/u1/favorites/w1": () => {
        items = [];
        return new Response(null, { status: 204 });
      },
    });
    render(<Around api={api}><UsageInsights /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Remove from favourites" }));
    expect(await screen.findByRole("button", { name: "Add to favourites" })).toBeTruthy();
    expect(screen.queryByText("A favourite")).toBeNull();
    expect(calls.some((call) => call.method === "DELETE")).toBe(true);
  });

  it("saves the sequence that an insight proposes", async () => {
    const { api, calls } = serverOf({
      "GET /user/u1/insights": page([insight("i1", { action: "save_as_template", workflow_id: null, evidence: { sequence_id: "s1" } })]),
      "POST /user/u1/templates": { template_id: "t1" },
    });
    render(<Around api={api}><UsageInsights /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Save as template" }));
    await waitFor(() => expect(calls.find((call) => call.method === "POST")?.body).toMatchObject({ sequence_id: "s1" }));
  });

  it("promises only what pressing the button does", async () => {
    const { api } = serverOf({ "GET /user/u1/insights": page([insight("i1", { action: "create_schedule" })]) });
    const open = vi.fn();
    render(<Around api={api} onOpenWorkflow={open}><UsageInsights /></Around>);
    await userEvent.click(await screen.findByRole("button", { name: "Open workflow" }));
    expect(open).toHaveBeenCalledWith("w1");
  });

  it("shows no button that would do nothing", async () => {
    const { api } = serverOf({ "GET /user/u1/insights": page([insight("i1", { action: "clean_up", workflow_id: null })]) });
    render(<Around api={api}><UsageInsights /></Around>);
    await screen.findByRole("button", { name: /^Dismiss/ });
    expect(screen.queryByRole("button", { name: "Clean up" })).toBeNull();
  });
});
