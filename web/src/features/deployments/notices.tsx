import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { Callout } from "@/ui/callout";
import { type Deployment, isMoving } from "./api";
import type { Tab } from "./tab-names";

/** Under the header: why a deployment is not healthy, and the rollout that another tab shows. */
export function Notices({ deployment, tab }: { deployment: Deployment; tab: Tab }) {
  const { status, status_reason: cause } = deployment;
  const rolloutSaysIt = tab === "overview" && status === "failed";
  const showsCause = cause !== null && !rolloutSaysIt;
  const rollout = tab === "overview" ? null : rolloutNews(deployment);
  if (!showsCause && !rollout) return null;
  return (
    <div className="stack tight" style={{ marginBottom: "var(--space-4)" }}>
      {showsCause && (
        <Callout tone={status === "failed" ? "bad" : status === "degraded" ? "warn" : "info"}>
          {cause}
        </Callout>
      )}
      {rollout && (
        <Callout tone={rollout.failed ? "bad" : "busy"} role="status">
          {rollout.text}{" "}
          <Link
            to="/w/$ws/deployments/$dep"
            params={{ ...here(), dep: deployment.id }}
            search={{ tab: "overview" }}
          >
            See its steps
          </Link>
        </Callout>
      )}
    </div>
  );
}

function rolloutNews({ latest_revision: latest, live_revision: live }: Deployment) {
  if (latest.number === live?.number) return null;
  const serving = live ? ` Version ${live.version} keeps serving.` : "";
  if (isMoving(latest.status)) {
    return { failed: false, text: `Version ${latest.version} is rolling out.${serving}` };
  }
  if (latest.status !== "failed") return null;
  return { failed: true, text: `Version ${latest.version} did not go live.${serving}` };
}
