import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { placeAt } from "./app/route";
import "./widgets/widgets.css";
import "./charts/charts.css";
import "./app/app.css";

// This script lies one folder below the dashboard's own, wherever a proxy has put that.
const script = import.meta.url;
placeAt(new URL("..", script).pathname);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
