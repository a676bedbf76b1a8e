// One favourite: its name and numbers, and everything that can be done with it.
import { useState, type DragEvent } from "react";

import type { Favourite } from "../api/types";
import { cleaned, workflowName } from "../format/names";
import { count } from "../format/numbers";
import { Icon } from "../parts/Icon";
import { Term } from "../parts/Term";
import { WorkflowName } from "../parts/WorkflowName";
import { useUsage } from "./context";
import { ReliabilityMark } from "./WorkflowSuccessIndicator";

export interface FavouriteCardProps {
  favourite: Favourite;
  isFirst: boolean;
  isLast: boolean;
  onMove: (by: -1 | 1) => void;
  onDragStart: () => void;
  onDropHere: () => void;
  onEdit: () => void;
  onRemove: () => void;
}

export function FavouriteCard(props: FavouriteCardProps) {
  const { favourite } = props;
  const { onRunWorkflow } = useUsage();
  const [isTarget, setIsTarget] = useState(false);
  const custom = cleaned(favourite.custom_name);
  const name = custom || workflowName(favourite);

  const drag = (event: DragEvent) => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", favourite.workflow_id);
    props.onDragStart();
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setIsTarget(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsTarget(false);
    props.onDropHere();
  };
  return (
    // Dragging has its keyboard alternative in the buttons of the card.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <li
      className={`uw-card${isTarget ? " uw-card--target" : ""}`}
      draggable
      onDragStart={drag}
      onDragOver={over}
      onDragLeave={() => setIsTarget(false)}
      onDrop={drop}
      data-workflow={favourite.workflow_id}
    >
      <div className="uw-card__top">
        <span className="uw-card__grip">
          <Icon name="grip" />
        </span>
        <div className="uw-card__names">
          <div className="uw-card__name">
            <WorkflowName workflow={favourite} customName={custom} />
          </div>
          {(custom || favourite.category) && (
            <div className="uw-card__under">
              {favourite.category && <span className="uw-tag">{cleaned(favourite.category)}</span>}
              {custom && <bdi>{workflowName(favourite)}</bdi>}
            </div>
          )}
        </div>
      </div>
      <div className="uw-card__numbers">
        <span>
          <Term of="user_workflow_stats.total_executions">
            Used <b className="uw-figure">{count(favourite.usage_count)}</b>{" "}
            {favourite.usage_count === 1 ? "time" : "times"}
          </Term>
        </span>
        <span>
          <ReliabilityMark
            reliability={favourite.reliability}
            rate={favourite.success_rate_fraction}
            compact
            of="workflow_success_rates.success_rate"
          />{" "}
          for all users
        </span>
      </div>
      <div className="uw-card__buttons" role="group" aria-label={`Change ${name}`}>
        {onRunWorkflow && (
          <IconButton icon="play" label={`Run ${name}`} onClick={() => onRunWorkflow(favourite.workflow_id)} />
        )}
        <IconButton icon="up" label={`Move ${name} up`} disabled={props.isFirst} onClick={() => props.onMove(-1)} />
        <IconButton icon="down" label={`Move ${name} down`} disabled={props.isLast} onClick={() => props.onMove(1)} />
        <IconButton icon="edit" label={`Rename ${name}`} onClick={props.onEdit} />
        <IconButton icon="cross" label={`Remove ${name} from favourites`} onClick={props.onRemove} removes />
      </div>
    </li>
  );
}

function IconButton(props: {
  icon: "play" | "up" | "down" | "edit" | "cross";
  label: string;
  disabled?: boolean;
  /** Found by who looks for a place for the focus. */
  removes?: boolean;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      className="uw-icon-button"
      aria-label={props.label}
      title={props.label}
      // Not `disabled`: the focus would be lost when a card reaches the end.
      aria-disabled={props.disabled ?? false}
      data-remove={props.removes}
      onClick={() => !props.disabled && props.onClick()}
    >
      <Icon name={props.icon} />
    </button>
  );
}
