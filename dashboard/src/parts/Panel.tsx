// A titled part of a page or of a widget.
import { useId, type ReactNode } from "react";

export type HeadingLevel = 2 | 3 | 4;

export interface PanelProps {
  title: ReactNode;
  /** A sentence under the title: what is counted, and over which days. */
  about?: ReactNode;
  aside?: ReactNode;
  level?: HeadingLevel;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, about, aside, level = 2, className = "", children }: PanelProps) {
  const id = useId();
  const Heading = `h${level}` as const;
  return (
    <section className={`usage-widget uw-panel ${className}`} aria-labelledby={id}>
      <header className="uw-panel__header">
        <div>
          <Heading id={id} className="uw-panel__title">
            {title}
          </Heading>
          {about && <p className="uw-panel__about">{about}</p>}
        </div>
        {aside && <div className="uw-panel__aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
