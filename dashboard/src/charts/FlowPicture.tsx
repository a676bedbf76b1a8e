// Which workflows follow which: a ribbon for every path, as wide as it is common.
import { sankeyLinkHorizontal } from "d3-sankey";
import { useState } from "react";

import { counted } from "../format/numbers";
import { Term } from "../parts/Term";
import { boxKey, layOut, type FlowPath, type PlacedBox } from "./flowLayout";
import { untilLeft } from "./reading";
import { useWidth } from "./scale";

export interface FlowPictureProps {
  label: string;
  paths: FlowPath[];
  unit: string;
  /** The column that says how wide a ribbon is. */
  of: string;
}

const ROW = 44;
const NARROWEST_STEP = 150;
const LABEL_LETTERS = 26;

function shortened(name: string, letters: number): string {
  const all = [...name];
  return all.length <= letters ? name : `${all.slice(0, letters - 1).join("")}…`;
}

/** Whether a box belongs to a path. */
function isOn(box: PlacedBox, path: FlowPath): boolean {
  return path.steps.some((_, step) => box.key === boxKey(path, step));
}

export function FlowPicture({ label, paths, unit, of }: FlowPictureProps) {
  const [frame, seen] = useWidth();
  const [chosen, setChosen] = useState<string | null>(null);
  const ends = paths.map((path) => (path.from ?? 0) + path.steps.length);
  const steps = Math.max(2, ...ends);
  // On a narrow screen it is scrolled sideways rather than drawn too small to read.
  const width = Math.max(seen, steps * NARROWEST_STEP);
  const isScrolled = width > seen;
  const room = Math.min(190, (width / steps) * 0.62);
  const tallest = Math.max(
    ...Array.from({ length: steps }, (_, column) => {
      const ids = paths.flatMap((path) => path.steps[column - (path.from ?? 0)]?.id ?? []);
      return new Set(ids).size;
    }),
  );
  const height = Math.max(160, tallest * ROW + 40);
  const flow = layOut(paths, width, height, room);
  const shape = sankeyLinkHorizontal();
  const letters = Math.max(8, Math.min(LABEL_LETTERS, Math.floor(room / 6.8)));
  const current = paths.find((path) => path.key === chosen);

  return (
    <figure className="uw-chart" {...untilLeft(() => setChosen(null))}>
      <div
        ref={frame}
        className={`uw-chart__frame${isScrolled ? " uw-chart__frame--scrolled" : ""}`}
        {...(isScrolled ? { tabIndex: 0, role: "group", "aria-label": `${label}, scrolled sideways` } : {})}
      >
        <svg width={width} height={height} role="img" aria-label={label}>
          {flow.ribbons.map((ribbon, index) => (
            <path
              key={index}
              className={`uw-ribbon${chosen === ribbon.path ? " uw-ribbon--chosen" : ""}${chosen && chosen !== ribbon.path ? " uw-faded" : ""}`}
              d={shape(ribbon) ?? ""}
              strokeWidth={Math.max(2, ribbon.width ?? 0)}
              onPointerEnter={() => setChosen(ribbon.path)}
            />
          ))}
          {flow.boxes.map((box) => (
            <g key={box.key} className={current && !isOn(box, current) ? "uw-faded" : undefined}>
              <title>{box.name}</title>
              <rect
                className="uw-box"
                x={box.x0 ?? 0}
                y={box.y0 ?? 0}
                width={(box.x1 ?? 0) - (box.x0 ?? 0)}
                height={Math.max(3, (box.y1 ?? 0) - (box.y0 ?? 0))}
                rx={2}
              />
              <text className="uw-box__name" x={(box.x1 ?? 0) + 6} y={((box.y0 ?? 0) + (box.y1 ?? 0)) / 2} dy="0.32em">
                {shortened(box.name, letters)}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <p className="uw-readout" aria-live="polite">
        {current ? (
          <>
            <b>{current.steps.map((step) => step.name).join(" → ")}</b>
            <Term of={of}>{counted(current.weight, unit)}</Term>
          </>
        ) : (
          <span>Point at a ribbon to read it. The table holds the same numbers.</span>
        )}
      </p>
    </figure>
  );
}
