// Sizes and ticks that the charts share.
import { useEffect, useRef, useState, type RefObject } from "react";

/** The width of an element as it changes; a guess until it is known. */
export function useWidth(guess = 640): [RefObject<HTMLDivElement | null>, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(guess);
  useEffect(() => {
    const element = frame.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [frame, width];
}

/** Every n-th label, so that so many fit. */
export function everyNth<T>(labels: readonly T[], room: number): T[] {
  const step = Math.max(1, Math.ceil(labels.length / Math.max(1, room)));
  return labels.filter((_, index) => index % step === 0);
}
