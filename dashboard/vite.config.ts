/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

import { recordSources } from "./build/recordSources.ts";

// Pages of others name widgets.js; everything else changes its name with its content.
// Files find each other by relative paths, because a proxy may put all of them below a path of its own.
export default defineConfig({
  base: "./",
  plugins: [react(), recordSources()],
  server: { proxy: { "/api": process.env["USAGE_API"] ?? "http://127.0.0.1:8000" } },
  build: {
    outDir: "../usage_pipeline/api/static",
    emptyOutDir: true,
    // data: URLs and inline scripts are what the Content-Security-Policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    rollupOptions: {
      input: { dashboard: "index.html", widgets: "src/elements/index.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "widgets" ? "widgets.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.{ts,tsx}"], setupFiles: ["test/setup.ts"] },
});
