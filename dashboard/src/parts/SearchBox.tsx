// Narrows a list down by a part of the name, a moment after the last key.
import { useEffect, useId, useState } from "react";

const TYPING_MS = 200;

/** A text that has not changed for a moment. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export interface Search {
  text: string;
  setText: (text: string) => void;
  /** What to ask the server for; null for everything. */
  wanted: string | null;
}

export function useSearch(): Search {
  const [text, setText] = useState("");
  const wanted = useSettled(text).trim();
  return { text, setText, wanted: wanted || null };
}

/** What an empty list says: that nothing fits, or why there is nothing at all. */
export function nothingFound(search: Search, otherwise: string): string {
  return search.wanted === null ? otherwise : `No workflow here has “${search.wanted}” in its name.`;
}

export function SearchBox({ label, search }: { label: string; search: Search }) {
  const id = useId();
  return (
    <div className="uw-search">
      <label htmlFor={id} className="uw-hidden">
        {label}
      </label>
      <input
        id={id}
        type="search"
        className="uw-input"
        placeholder="Find by name"
        autoComplete="off"
        spellCheck={false}
        maxLength={255}
        value={search.text}
        onChange={(event) => search.setText(event.target.value)}
      />
    </div>
  );
}
