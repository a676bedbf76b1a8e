// "You often run A → B → C": the sequences found for a user, to save as templates.
import { useId, useState } from "react";

import { announceChange } from "../api/changes";
import { asProblem } from "../api/client";
import { userPath } from "../api/paths";
import type { Page, Sequence, Template } from "../api/types";
import { useResource } from "../api/useResource";
import { dayOf } from "../format/dates";
import { cleaned, workflowName } from "../format/names";
import { count } from "../format/numbers";
import { Choice } from "../parts/Choice";
import { Dialog } from "../parts/Dialog";
import { Panel, type HeadingLevel } from "../parts/Panel";
import { Empty, Problem, Shown } from "../parts/states";
import { Term } from "../parts/Term";
import { WorkflowPath } from "../parts/WorkflowName";
import { useUsage } from "./context";

const WINDOWS = [
  { value: 7, label: "7 days" },
  { value: 28, label: "28 days" },
  { value: 90, label: "90 days" },
] as const;

export interface WorkflowSequenceDetectorProps {
  userId?: string;
  headingLevel?: HeadingLevel;
  /** Over how many days sequences are counted at first. */
  window?: 7 | 28 | 90;
}

export function WorkflowSequenceDetector({ userId, headingLevel = 2, window: first = 28 }: WorkflowSequenceDetectorProps) {
  const usage = useUsage();
  const user = userId ?? usage.userId;
  const [days, setDays] = useState<7 | 28 | 90>(first);
  const [naming, setNaming] = useState<Sequence | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const found = useResource<Page<Sequence>>(user === null ? null : `/sequences/${encodeURIComponent(user)}`, { window: days });
  const saved = useResource<Page<Template>>(user === null ? null : userPath(user, "/templates"));

  const change = async (send: () => Promise<unknown>) => {
    try {
      await send();
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error).message);
    }
    announceChange(`/sequences/${encodeURIComponent(user ?? "")}`);
    announceChange(userPath(user ?? "", "/templates"));
  };
  const save = (sequence: Sequence, name: string) =>
    change(() => usage.api.send("POST", userPath(user ?? "", "/templates"), { sequence_id: sequence.sequence_id, name }));
  const remove = (template: Template) =>
    change(() => usage.api.send("DELETE", userPath(user ?? "", `/templates/${encodeURIComponent(template.template_id)}`)));

  const templates = saved.data?.items ?? [];
  return (
    <Panel
      title="What you run together"
      level={headingLevel}
      className="uw-sequences"
      aside={<Choice label="Days that count" options={WINDOWS} value={days} onChange={setDays} />}
    >
      {problem && <Problem message={problem} />}
      {user === null ? (
        <Empty>Choose a user to see their sequences.</Empty>
      ) : (
        <Shown
          resource={found}
          what="sequences"
          isEmpty={(page) => page.items.length === 0}
          empty={`No workflows were run one after the other within 5 minutes in the last ${days} days.`}
        >
          {(page) => (
            <ul className="uw-rows">
              {page.items.map((sequence) => (
                <SequenceRow key={sequence.sequence_id} sequence={sequence} onSave={() => setNaming(sequence)} />
              ))}
            </ul>
          )}
        </Shown>
      )}
      {templates.length > 0 && <Templates templates={templates} onRemove={(template) => void remove(template)} />}
      {naming && (
        <TemplateDialog
          sequence={naming}
          onClose={() => setNaming(null)}
          onSave={(name) => {
            void save(naming, name);
            setNaming(null);
          }}
        />
      )}
    </Panel>
  );
}

function SequenceRow({ sequence, onSave }: { sequence: Sequence; onSave: () => void }) {
  const { timeZone } = useUsage();
  return (
    <li className="uw-row">
      <div className="uw-row__main">
        <span className="uw-row__lead">You often run</span>
        <WorkflowPath workflows={sequence.workflows} />
        <span className="uw-row__under">
          <Term of="workflow_sequence_windows.frequency">
            <b className="uw-figure">{count(sequence.frequency)}</b> {sequence.frequency === 1 ? "time" : "times"}
          </Term>
          , last on{" "}
          <Term of="workflow_sequence_windows.last_executed">{dayOf(sequence.last_executed, timeZone)}</Term>
        </span>
      </div>
      {sequence.is_saved ? (
        <span className="uw-tag uw-tag--done">Saved</span>
      ) : (
        <button type="button" className="uw-button" onClick={onSave}>
          Save as template
        </button>
      )}
    </li>
  );
}

function Templates({ templates, onRemove }: { templates: Template[]; onRemove: (template: Template) => void }) {
  const id = useId();
  return (
    <div className="uw-templates">
      <h3 id={id} className="uw-subtitle">
        Saved templates
      </h3>
      <ul className="uw-rows" aria-labelledby={id}>
        {templates.map((template) => (
          <li key={template.template_id} className="uw-row">
            <div className="uw-row__main">
              <bdi className="uw-row__title">{cleaned(template.name)}</bdi>
              <WorkflowPath workflows={template.workflows} />
            </div>
            <button
              type="button"
              className="uw-button uw-button--quiet"
              aria-label={`Delete the template ${cleaned(template.name)}`}
              onClick={() => onRemove(template)}
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function TemplateDialog(props: { sequence: Sequence; onSave: (name: string) => void; onClose: () => void }) {
  const { workflows } = props.sequence;
  const ends = [workflows[0], workflows.at(-1)].flatMap((workflow) => (workflow ? [workflowName(workflow)] : []));
  const [name, setName] = useState(ends.join(" to ").slice(0, 255));
  return (
    <Dialog title="Save as template" confirm="Save" onConfirm={() => props.onSave(name.trim())} onClose={props.onClose}>
      <WorkflowPath workflows={workflows} />
      <label className="uw-field">
        <span>Name</span>
        <input
          className="uw-input"
          value={name}
          maxLength={255}
          required
          onChange={(event) => setName(event.target.value)}
        />
      </label>
    </Dialog>
  );
}
