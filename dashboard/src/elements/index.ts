// The widgets as custom elements, for pages without React: <usage-my-workflows base-url="…" user-id="…">.
import { createElement, type ComponentType, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";

import { MyWorkflows } from "../widgets/MyWorkflows";
import { UsageInsights } from "../widgets/UsageInsights";
import { UsageProvider } from "../widgets/UsageProvider";
import { WorkflowSequenceDetector } from "../widgets/WorkflowSequenceDetector";
import { WorkflowSuccessIndicator } from "../widgets/WorkflowSuccessIndicator";
import { WorkflowUsageTracker } from "../widgets/WorkflowUsageTracker";
import css from "../widgets/widgets.css?inline";

type Attributes = Record<string, string>;

const SHARED = ["base-url", "access-key", "user-id", "workflow-url"];

/** `workflow-id` as the property of a component: `workflowId`. */
function propertyName(attribute: string): string {
  return attribute.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const OWN_CSS = `
:host { display: block; }
:host(usage-workflow-success) { display: inline-block; }
:host(usage-tracker), :host([hidden]) { display: none; }
`;

function styles(): CSSStyleSheet {
  // A constructed sheet, not a <style> element: a strict Content-Security-Policy allows it.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(OWN_CSS + css);
  return sheet;
}

let shared: CSSStyleSheet | null = null;

/** A custom element around a widget; its attributes are the widget's properties. */
function elementOf(attributes: string[], widget: (properties: Attributes) => ReactNode): CustomElementConstructor {
  return class extends HTMLElement {
    static readonly observedAttributes = [...SHARED, ...attributes];
    #root: Root | null = null;

    connectedCallback(): void {
      if (this.#root) return;
      const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      shared ??= styles();
      shadow.adoptedStyleSheets = [shared];
      this.#root = createRoot(shadow);
      this.#render();
    }

    disconnectedCallback(): void {
      this.#root?.unmount();
      this.#root = null;
    }

    attributeChangedCallback(): void {
      this.#render();
    }

    #render(): void {
      const own = attributes.filter((name) => this.hasAttribute(name));
      const properties = Object.fromEntries(own.map((name) => [propertyName(name), this.getAttribute(name) ?? ""]));
      const pattern = this.getAttribute("workflow-url");
      this.#root?.render(
        createElement(
          UsageProvider,
          {
            baseUrl: this.getAttribute("base-url") ?? "",
            accessKey: this.getAttribute("access-key"),
            userId: this.getAttribute("user-id"),
            ...(pattern === null
              ? {}
              : { workflowHref: (id: string) => pattern.replace("{workflow_id}", encodeURIComponent(id)) }),
            // Only the attribute says that the page can run workflows; it hears of it as an event.
            ...(this.hasAttribute("can-run") ? { onRunWorkflow: (id: string) => this.#tell(id) } : {}),
            children: widget(properties),
          },
        ),
      );
    }

    #tell(workflowId: string): void {
      this.dispatchEvent(new CustomEvent("usage-run-workflow", { detail: { workflowId }, bubbles: true, composed: true }));
    }
  };
}

function numbersIn(properties: Attributes, names: string[]): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, names.includes(name) ? Number(value) : value]),
  );
}

// Attributes come as text and unchecked; the widgets treat what they do not know as left out.
const widget = (component: unknown, numbers: string[] = []) => (properties: Attributes) =>
  createElement(component as ComponentType<Record<string, string | number>>, numbersIn(properties, numbers));

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "usage-my-workflows": elementOf(["page-size", "can-run"], widget(MyWorkflows, ["pageSize"])),
  "usage-workflow-success": elementOf(["workflow-id"], widget(WorkflowSuccessIndicator)),
  "usage-sequences": elementOf(["window"], widget(WorkflowSequenceDetector, ["window"])),
  "usage-insights": elementOf(["page-size"], widget(UsageInsights, ["pageSize"])),
  "usage-tracker": elementOf(
    ["workflow-id", "workflow-name", "trigger", "status", "error-message"],
    widget(WorkflowUsageTracker),
  ),
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (!customElements.get(name)) customElements.define(name, element);
}
