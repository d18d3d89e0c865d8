import { useQuery } from "@tanstack/react-query";
import { type Deployment, endpointApi } from "./api";
import { exampleIn } from "./snippets";

/** A body that the endpoint accepts: the model's own example; an empty one while nothing is live. */
export function useCallExample(deployment: Deployment): unknown {
  const live = deployment.live_revision?.number ?? null;
  const described = useQuery({ ...endpointApi(deployment.id, live), enabled: live !== null });
  return (described.data && exampleIn(described.data, "/predict")) ?? { rows: [] };
}
