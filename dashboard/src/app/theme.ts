// Light or dark: what the system says, unless the person chose; a choice is kept for the next visit.
import { useEffect, useState } from "react";

export type Theme = "light" | "dark";

const KEY = "workflow-usage.theme";

function stored(): Theme | null {
  try {
    const value = window.localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

function ofSystem(): Theme {
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function useTheme(): [Theme, () => void] {
  const [chosen, setChosen] = useState(stored);
  const [system, setSystem] = useState(ofSystem);

  useEffect(() => {
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setSystem(ofSystem());
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  useEffect(() => {
    if (chosen) document.documentElement.dataset["theme"] = chosen;
  }, [chosen]);

  const theme = chosen ?? system;
  const toggle = () => {
    const other: Theme = theme === "dark" ? "light" : "dark";
    setChosen(other);
    try {
      window.localStorage.setItem(KEY, other);
    } catch {
      // Storage is forbidden: the choice holds until the page closes.
    }
  };
  return [theme, toggle];
}
