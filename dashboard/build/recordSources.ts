// Writes beside the bundle from which sources it was built, so that a test without Node can compare.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

import type { Plugin } from "vite";

/** What the bundle depends on, relative to the dashboard's folder. */
const SOURCES = ["build", "index.html", "package-lock.json", "package.json", "public", "src", "tsconfig.json", "vite.config.ts"];

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}

/** One digest of all sources: of the lines "digest of a file, two spaces, its path", by path. */
export function digestOfSources(root: string): string {
  const lines = SOURCES.flatMap((source) => filesUnder(join(root, source)))
    .map((path) => [relative(root, path).split(sep).join("/"), path] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, path]) => `${createHash("sha256").update(readFileSync(path)).digest("hex")}  ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

export function recordSources(): Plugin {
  let root = "";
  let outDir = "";
  return {
    name: "record-sources",
    apply: "build",
    configResolved(config) {
      root = config.root;
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      if (existsSync(outDir)) writeFileSync(join(outDir, "sources.sha256"), `${digestOfSources(root)}\n`);
    },
  };
}
