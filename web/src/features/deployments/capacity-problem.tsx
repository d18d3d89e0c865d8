import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Refusal } from "@/api/refusal";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { Refused } from "@/ui/refused";
import { glances } from "./api";

const FULL = new Set(["deployments.no_capacity", "deployments.quota_reached"]);
const MOST = 5;

export const isFull = (error: Error | null): error is Refusal =>
  error instanceof Refusal && FULL.has(error.code);

/** Why there is no room, and what nobody called in the last day: stopping one of it makes some. */
export function CapacityProblem({ error, environment }: { error: Refusal; environment?: string }) {
  const seen = useQuery(glances()).data ?? [];
  const isQuota = error.code === "deployments.quota_reached";
  const idle = seen
    .filter((row) => row.live_since !== null && row.health !== "stopped" && row.requests === 0)
    .filter((row) => !isQuota || row.environment === environment)
    .slice(0, MOST);
  return (
    <div className="stack tight">
      <Refused error={error} />
      {idle.length > 0 && (
        <div className="small">
          {plural(idle.length, "deployment")} had no call for a day and could be stopped:
          <ul aria-label="Idle deployments">
            {idle.map((row) => (
              <li key={row.deployment_id}>
                <Link to="/w/$ws/deployments/$dep" params={{ ...here(), dep: row.deployment_id }}>
                  {row.environment}/{row.name}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
