// A word or a number with its definition one hover, or one Tab, away.
import { useId, useLayoutEffect, useRef, useState, type ReactNode } from "react";

import { useUsage } from "../widgets/context";

export interface TermProps {
  /** The mart and its column, such as `popular_workflows.total_executions`. */
  of: string;
  /** What is said of this value before the definition. */
  note?: string | undefined;
  children: ReactNode;
}

const MARGIN = 8;

/** Under the word, or above it where there is no room. They touch, so that the pointer can go from one to the other. */
function placeBeside(word: HTMLElement, tip: HTMLElement): void {
  const at = word.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const below = at.bottom + MARGIN + height <= window.innerHeight;
  tip.style.left = `${Math.max(MARGIN, Math.min(at.left, window.innerWidth - width - MARGIN))}px`;
  tip.style.top = `${below ? at.bottom : Math.max(MARGIN, at.top - height)}px`;
}

export function Term({ of, note, children }: TermProps) {
  const text = useUsage().definitions[of];
  const id = useId();
  const [open, setOpen] = useState(false);
  const word = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);

  useLayoutEffect(() => {
    if (!open || !word.current || !tip.current) return;
    const [from, shown] = [word.current, tip.current];
    // In the browser's top layer no frame cuts it off and nothing lies above it.
    shown.showPopover?.();
    const place = () => placeBeside(from, shown);
    const press = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    place();
    window.addEventListener("scroll", place, { capture: true, passive: true });
    window.addEventListener("resize", place);
    // Wherever the focus is: what the pointer opened can be closed without moving it.
    document.addEventListener("keydown", press);
    return () => {
      window.removeEventListener("scroll", place, { capture: true });
      window.removeEventListener("resize", place);
      document.removeEventListener("keydown", press);
    };
  }, [open]);

  if (!text) return <>{children}</>;
  return (
    <span className="uw-term" onPointerEnter={() => setOpen(true)} onPointerLeave={() => setOpen(false)}>
      <button
        ref={word}
        type="button"
        className="uw-term__word"
        aria-describedby={open ? id : undefined}
        data-definition={of}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
      >
        {children}
      </button>
      {open && (
        <span ref={tip} popover="manual" role="tooltip" id={id} className="uw-term__tip">
          {note && <b className="uw-term__note">{note}</b>}
          {text}
        </span>
      )}
    </span>
  );
}
