// Everybody's usage, for the data team and for whoever looks after the workflows.
import type { Me } from "../api/types";
import { useResource } from "../api/useResource";
import { AbandonedWorkflows } from "./AbandonedWorkflows";
import { ExecutionHistory } from "./ExecutionHistory";
import { OrganisationInsights } from "./OrganisationInsights";
import { PageTitle } from "./PageTitle";
import { PopularWorkflows } from "./PopularWorkflows";
import { ReliabilityTable } from "./ReliabilityTable";
import { SharedSequences } from "./SharedSequences";

export function OrganisationPage() {
  const me = useResource<Me>("/me");
  return (
    <>
      <PageTitle title="Organisation" window="Organisation">
        What everybody runs, how reliable it is, and what is being left behind.
      </PageTitle>
      {me.data && <ExecutionHistory title="Executions a day" path="/organisation/daily" asOf={me.data.as_of} />}
      <PopularWorkflows />
      <div className="page-columns">
        <div>
          <ReliabilityTable />
          <AbandonedWorkflows />
        </div>
        <OrganisationInsights />
      </div>
      <SharedSequences />
    </>
  );
}
