// Chooses whose usage is looked at, for those who may read everybody's.
import { useId, useState, type KeyboardEvent } from "react";

import type { Page, User } from "../api/types";
import { useResource } from "../api/useResource";
import { userName } from "../format/names";
import { count } from "../format/numbers";
import { useSettled } from "../parts/SearchBox";
import { Term } from "../parts/Term";
import { useUsage } from "../widgets/context";

export interface UserPickerProps {
  current: string | null;
  currentName: string | null;
  onChoose: (userId: string) => void;
}

const SHOWN = 12;
const COUNT = "users.execution_count";
/** Whether a user is meant by a text: a part of the name, or the id. */
function fits(user: User, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return (user.user_name ?? "").toLowerCase().includes(wanted) || user.user_id.startsWith(wanted);
}

function bringIntoView(option: HTMLElement | null): void {
  option?.scrollIntoView({ block: "nearest" });
}

export function UserPicker({ current, currentName, onChoose }: UserPickerProps) {
  const id = useId();
  const counted = useUsage().definitions[COUNT];
  const [text, setText] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const search = useSettled(text ?? "");
  const open = text !== null;
  const found = useResource<Page<User>>(open ? "/users" : null, { search: search || null, limit: SHOWN });
  // Until the answer to what is typed is there, the one before is narrowed down: Enter never takes
  // somebody who does not fit.
  const [known, setKnown] = useState<User[]>([]);
  if (found.data && found.data.items !== known) setKnown(found.data.items);
  const users = known.filter((user) => fits(user, text ?? ""));

  const choose = (user: User | undefined) => {
    if (user) onChoose(user.user_id);
    setText(null);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape" || event.key === "Tab") setText(null);
    else if (event.key === "Enter" && open) choose(users[active]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setText(text ?? "");
      const by = event.key === "ArrowDown" ? 1 : -1;
      setActive(users.length === 0 ? 0 : (active + by + users.length) % users.length);
    }
  };
  return (
    <div className="app-picker">
      <label htmlFor={id}>User</label>
      {counted && (
        <span id={`${id}-count`} hidden>
          The number beside a name: {counted}
        </span>
      )}
      <div className="app-picker__box">
        <input
          id={id}
          className="uw-input"
          role="combobox"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && users[active] ? `${id}-${active}` : undefined}
          aria-describedby={counted ? `${id}-count` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder="Find a user"
          value={text ?? currentName ?? current ?? ""}
          onFocus={(event) => event.target.select()}
          onClick={() => setText(text ?? "")}
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
          }}
          onBlur={() => setText(null)}
          onKeyDown={press}
        />
        {open && (
          <div className="app-picker__list">
            {users.length > 0 && (
              // The input keeps the focus while the pointer reads the definition.
              <div className="app-picker__heading" onPointerDown={(event) => event.preventDefault()}>
                <Term of={COUNT}>Executions</Term>
              </div>
            )}
            <div id={`${id}-list`} role="listbox" aria-label="Users">
              {users.map((user, index) => (
                // The input keeps the focus and hears the keys; the list is for the pointer.
                // eslint-disable-next-line jsx-a11y/click-events-have-key-events
                <div
                  key={user.user_id}
                  id={`${id}-${index}`}
                  ref={index === active ? bringIntoView : undefined}
                  role="option"
                  aria-selected={index === active}
                  tabIndex={-1}
                  // The input must not lose the focus before the click is there.
                  onPointerDown={(event) => event.preventDefault()}
                  onPointerEnter={() => setActive(index)}
                  onClick={() => choose(user)}
                >
                  <bdi>{userName(user)}</bdi>
                  <span className="uw-figure">{count(user.execution_count)}</span>
                </div>
              ))}
              {users.length === 0 && (
                <div role="option" tabIndex={-1} aria-selected="false" aria-disabled="true">
                  {found.problem ? found.problem.message : found.loading ? "Searching…" : "Nobody found"}
                </div>
              )}
            </div>
          </div>
        )}
      </div>
    </div>
  );
}
