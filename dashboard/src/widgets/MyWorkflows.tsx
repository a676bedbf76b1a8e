// A user's favourites, to order, rename and remove; and what they ran lately or most, to add from.
import { useEffect, useRef, useState } from "react";

import type { Favourite } from "../api/types";
import { userPath } from "../api/paths";
import { workflowName } from "../format/names";
import { Panel, type HeadingLevel } from "../parts/Panel";
import { Empty, Problem, Shown } from "../parts/states";
import { useUsage } from "./context";
import { FavouriteCard } from "./FavouriteCard";
import { FavouriteDialog } from "./FavouriteDialog";
import { moved, useFavourites, type Favourites } from "./favourites";
import { WorkflowList } from "./WorkflowList";

export interface MyWorkflowsProps {
  userId?: string;
  headingLevel?: HeadingLevel;
  /** How many workflows of the list below the favourites are shown at once. */
  pageSize?: number;
}

export function MyWorkflows({ userId, headingLevel = 2, pageSize = 5 }: MyWorkflowsProps) {
  const usage = useUsage();
  const user = userId ?? usage.userId;
  const favourites = useFavourites(user);
  if (user === null) {
    return (
      <Panel title="My workflows" level={headingLevel}>
        <Empty>Choose a user to see their workflows.</Empty>
      </Panel>
    );
  }
  return (
    <>
      <Panel title="Favourites" level={headingLevel} className="uw-favourites">
        {favourites.problem && <Problem message={favourites.problem} />}
        <Shown
          resource={favourites.resource}
          what="favourites"
          isEmpty={(page) => page.items.length === 0}
          empty="No favourites yet. Add one with the star beside a workflow below."
        >
          {() => <FavouriteCards favourites={favourites} />}
        </Shown>
      </Panel>
      <WorkflowList key={user} path={userPath(user)} favourites={favourites} level={headingLevel} pageSize={pageSize} />
    </>
  );
}

function FavouriteCards({ favourites }: { favourites: Favourites }) {
  const { items } = favourites;
  const [dragged, setDragged] = useState<string | null>(null);
  const [edited, setEdited] = useState<Favourite | null>(null);
  const [said, setSaid] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const removedAt = useRef<number | null>(null);

  useEffect(() => {
    // The card with the focus is gone: its neighbour has it now.
    if (removedAt.current === null) return;
    const cards = list.current?.children;
    const next = cards?.[Math.min(removedAt.current, cards.length - 1)];
    removedAt.current = null;
    next?.querySelector<HTMLElement>("button[data-remove]")?.focus();
  }, [items]);
  const remove = (index: number, workflowId: string) => {
    removedAt.current = index;
    void favourites.remove(workflowId);
  };

  const move = (from: number, to: number) => {
    const item = items[from];
    if (!item || from === to || to < 0 || to >= items.length) return;
    const order = moved(items, from, to).map((each) => each.workflow_id);
    setSaid(`${item.custom_name || workflowName(item)} is now number ${to + 1} of ${items.length}.`);
    void favourites.order(order);
  };
  const drop = (to: number) => {
    move(
      items.findIndex((item) => item.workflow_id === dragged),
      to,
    );
    setDragged(null);
  };
  const categories = [...new Set(items.flatMap((item) => item.category ?? []))].sort();
  return (
    <>
      <ol ref={list} className="uw-cards">
        {items.map((favourite, index) => (
          <FavouriteCard
            key={favourite.workflow_id}
            favourite={favourite}
            isFirst={index === 0}
            isLast={index === items.length - 1}
            onMove={(by) => move(index, index + by)}
            onDragStart={() => setDragged(favourite.workflow_id)}
            onDropHere={() => drop(index)}
            onEdit={() => setEdited(favourite)}
            onRemove={() => remove(index, favourite.workflow_id)}
          />
        ))}
      </ol>
      <p className="uw-hidden" aria-live="polite">
        {said}
      </p>
      {edited && (
        <FavouriteDialog
          favourite={edited}
          categories={categories}
          onClose={() => setEdited(null)}
          onSave={(change) => {
            void favourites.change(edited.workflow_id, change);
            setEdited(null);
          }}
        />
      )}
    </>
  );
}
