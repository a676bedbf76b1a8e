// Where the boxes and ribbons of a flow picture lie: one box per step and workflow, one ribbon per path and step.
import { sankey, type SankeyLink, type SankeyNode } from "d3-sankey";

export interface FlowPath {
  key: string;
  weight: number;
  /** The column in which its first step stands; 0 if left out. */
  from?: number;
  steps: { id: string; name: string }[];
}

/** What tells a box from another: its column and its workflow. */
export function boxKey(path: FlowPath, step: number): string {
  return `${(path.from ?? 0) + step}/${path.steps[step]?.id}`;
}

export interface Box {
  key: string;
  id: string;
  name: string;
}

export interface Ribbon {
  path: string;
}

export type PlacedBox = SankeyNode<Box, Ribbon>;
export type PlacedRibbon = SankeyLink<Box, Ribbon>;

export interface Flow {
  boxes: PlacedBox[];
  ribbons: PlacedRibbon[];
}

export const BOX_WIDTH = 10;

/** Lays paths out in columns, one a step, from left to right. */
export function layOut(paths: FlowPath[], width: number, height: number, labelRoom: number): Flow {
  const boxes = new Map<string, Box>();
  const ribbons: { source: string; target: string; value: number; path: string }[] = [];
  for (const path of paths) {
    path.steps.forEach((step, index) => {
      const target = boxKey(path, index);
      boxes.set(target, { key: target, id: step.id, name: step.name });
      if (index > 0) ribbons.push({ source: boxKey(path, index - 1), target, value: path.weight, path: path.key });
    });
  }
  if (ribbons.length === 0) return { boxes: [], ribbons: [] };
  const first = Math.min(...paths.map((path) => path.from ?? 0));
  const graph = sankey<Box, Ribbon>()
    .nodeId((box) => box.key)
    // Every column up to the last must hold a box, so where nothing comes before, columns start later.
    .nodeAlign((box) => Number((box as unknown as Box).key.split("/", 1)[0]) - first)
    .nodeWidth(BOX_WIDTH)
    .nodePadding(26)
    .extent([
      [1, 8],
      [Math.max(BOX_WIDTH + 2, width - labelRoom), height - 8],
    ])({ nodes: [...boxes.values()], links: ribbons });
  return { boxes: graph.nodes, ribbons: graph.links };
}
