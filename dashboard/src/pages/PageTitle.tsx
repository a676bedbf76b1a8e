// The heading of a page, which is also the title of the window.
import { useEffect, type ReactNode } from "react";

export function PageTitle({ title, window: name, children }: { title: ReactNode; window: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${name} · Workflow usage`;
  }, [name]);
  return (
    <div className="page-title">
      <h1>{title}</h1>
      {children && <p>{children}</p>}
    </div>
  );
}
