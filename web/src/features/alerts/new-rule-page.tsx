import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { fresh } from "./condition-words";
import { RuleEditor } from "./rule-editor";
import { places, useCreateRule } from "./rules-api";

/** A new rule, from a sentence. */
export function NewRulePage({ deployment }: { deployment: string }) {
  const { data: deployments } = useSuspenseQuery(places());
  const create = useCreateRule();
  const navigate = useNavigate();
  const first = deployments.find((one) => one.id === deployment) ?? deployments[0];
  return (
    <>
      <PageHeader
        title="New alert rule"
        crumbs={[
          <Link key="rules" to="/w/$ws/alert-rules" params={here()}>
            Alert rules
          </Link>,
        ]}
      />
      {first ? (
        <RuleEditor
          start={{
            deployment_id: first.id,
            name: "p95 latency",
            condition: fresh("threshold"),
            severity: "warning",
            hold_seconds: 300,
            recover_seconds: 300,
            channel_ids: [],
            runbook_url: null,
          }}
          fixed={false}
          saveLabel="Create rule"
          busy={create.isPending}
          error={create.error}
          onSave={(wanted) =>
            create.mutate(wanted, {
              onSuccess: () => void navigate({ to: "/w/$ws/alert-rules", params: here() }),
            })
          }
        />
      ) : (
        <Panel>
          <EmptyState
            title="Nothing to watch yet"
            action={
              <LinkButton to="/w/$ws/models" params={here()}>
                Go to models
              </LinkButton>
            }
          >
            Deploy a model; it gets its default rules by itself.
          </EmptyState>
        </Panel>
      )}
    </>
  );
}
