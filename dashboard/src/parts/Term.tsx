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

export function Term({ of, note, children }: TermProps) {
  const text = useUsage().definitions[of];
  const id = useId();
  const [open, setOpen] = useState(false);
  const word = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);

  useLayoutEffect(() => {
    if (!open || !word.current || !tip.current) return;
    // In the browser's top layer no frame cuts it off and nothing lies above it.
    tip.current.showPopover?.();
    const at = word.current.getBoundingClientRect();
    const { width, height } = tip.current.getBoundingClientRect();
    const below = at.bottom + MARGIN + height <= window.innerHeight;
    const left = Math.min(Math.max(MARGIN, at.left), window.innerWidth - width - MARGIN);
    tip.current.style.left = `${left}px`;
    tip.current.style.top = `${below ? at.bottom + 4 : Math.max(MARGIN, at.top - height - 4)}px`;
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
        onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
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
