import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The package for other applications: React stays theirs.
export default defineConfig({
  plugins: [react()],
  publicDir: false,
  build: {
    outDir: "dist",
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    lib: {
      entry: { widgets: "src/widgets/index.ts", elements: "src/elements/index.ts" },
      formats: ["es"],
      cssFileName: "widgets",
    },
    rollupOptions: { external: [/^react($|\/)/, /^react-dom($|\/)/] },
  },
});
