// The frame around the pages: who is looked at, where one is, light or dark, the way in.
import { useMemo, useState } from "react";

import { UsageApi } from "../api/client";
import type { Me, Page, User } from "../api/types";
import { useResource } from "../api/useResource";
import { day } from "../format/dates";
import { userName } from "../format/names";
import { MePage } from "../pages/MePage";
import { OrganisationPage } from "../pages/OrganisationPage";
import { WorkflowPage } from "../pages/WorkflowPage";
import { Icon } from "../parts/Icon";
import { Empty, Loading, Problem } from "../parts/states";
import { Term } from "../parts/Term";
import { useUsage } from "../widgets/context";
import { UsageProvider } from "../widgets/UsageProvider";
import { AccessKeyForm } from "./AccessKeyForm";
import { storeAccessKey, storedAccessKey } from "./accessKey";
import { basePath, go, lookAt, useLocation, workflowHref, type Route } from "./route";
import { useTheme } from "./theme";
import { UserPicker } from "./UserPicker";

const open = (workflowId: string) => go(workflowHref(workflowId));

export function App() {
  const [key, setKey] = useState(storedAccessKey);
  const api = useMemo(() => new UsageApi(basePath(), key), [key]);
  const enter = (given: string | null) => {
    storeAccessKey(given);
    setKey(given);
  };
  return (
    <UsageProvider api={api}>
      <Frame heldKey={key} onKey={enter} api={api} />
    </UsageProvider>
  );
}

function Frame({ api, heldKey, onKey }: { api: UsageApi; heldKey: string | null; onKey: (key: string | null) => void }) {
  const [theme, toggleTheme] = useTheme();
  const { route, userId: asked } = useLocation();
  const me = useResource<Me>("/me");
  const may = me.data?.scopes ?? [];
  const readsAll = may.includes("read:all") || may.includes("admin");
  const own = me.data?.user_id ?? null;
  // Where nobody is signed in, as in the demo, the busiest user is the one to begin with.
  const busiest = useResource<Page<User>>(readsAll && own === null && asked === null ? "/users" : null, { limit: 1 });
  const shown = (readsAll ? asked : null) ?? own ?? busiest.data?.items[0]?.user_id ?? null;
  const named = useResource<Page<User>>(readsAll && shown !== null ? "/users" : null, { search: shown, limit: 1 });
  const user = named.data?.items.find((item) => item.user_id === shown);

  const locked = me.problem?.status === 401 || me.problem?.status === 403;
  return (
    <div className="usage-widget app">
      <a className="app-skip" href="#content">
        Skip to the content
      </a>
      <header className="app-header">
        <div className="app-header__inner">
          <span className="app-brand">Workflow usage</span>
          <nav className="app-nav" aria-label="Pages">
            <NavLink to="/me" current={route.page === "me"}>
              Me
            </NavLink>
            <NavLink to="/organisation" current={route.page === "organisation"}>
              Organisation
            </NavLink>
          </nav>
          <div className="app-header__end">
            {me.data?.as_of && <AsOf date={me.data.as_of} />}
            {readsAll && <UserPicker current={shown} currentName={user ? userName(user) : null} onChoose={lookAt} />}
            {heldKey && (
              <button type="button" className="uw-button uw-button--quiet" onClick={() => onKey(null)}>
                Sign out
              </button>
            )}
            <button
              type="button"
              className="uw-icon-button"
              aria-label={theme === "dark" ? "Use light colours" : "Use dark colours"}
              title={theme === "dark" ? "Use light colours" : "Use dark colours"}
              onClick={toggleTheme}
            >
              <Icon name={theme === "dark" ? "sun" : "moon"} />
            </button>
          </div>
        </div>
      </header>
      <main id="content" className="app-main" tabIndex={-1}>
        {locked ? (
          <AccessKeyForm refusal={heldKey ? (me.problem?.message ?? null) : null} onKey={onKey} />
        ) : me.problem ? (
          <Problem message={me.problem.message} onRetry={me.reload} />
        ) : me.data ? (
          <UsageProvider api={api} userId={shown} workflowHref={workflowHref} onOpenWorkflow={open}>
            <RoutedPage route={route} name={user ? userName(user) : me.data.user_name} />
          </UsageProvider>
        ) : (
          <Loading what="the dashboard" lines={6} />
        )}
      </main>
      <footer className="app-footer">
        Every number stops at the as-of date, the last complete day. Hover or focus a dotted word to read what it means.
      </footer>
    </div>
  );
}

function AsOf({ date }: { date: string }) {
  const { timeZone } = useUsage();
  return (
    <span className="app-asof">
      As of <Term of="warehouse_as_of.as_of_date">{day(date)}</Term> ({timeZone})
    </span>
  );
}

function NavLink({ to, current, children }: { to: string; current: boolean; children: string }) {
  const address = basePath() + to;
  return (
    <a
      href={address + window.location.search}
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(address);
      }}
    >
      {children}
    </a>
  );
}

function RoutedPage({ route, name }: { route: Route; name: string | null }) {
  if (route.page === "me") return <MePage name={name} />;
  if (route.page === "organisation") return <OrganisationPage />;
  if (route.page === "workflow") return <WorkflowPage key={route.workflowId} workflowId={route.workflowId} />;
  return <Empty>There is no such page.</Empty>;
}
