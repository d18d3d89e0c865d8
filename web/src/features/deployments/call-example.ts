import { useQuery } from "@tanstack/react-query";
import { type Deployment, endpointApi } from "./api";
import { type Sample, sampleIn } from "./snippets";

/** A call that the endpoint answers: the model's own example; an empty one while nothing is live. */
export function useCallExample(deployment: Deployment): Sample {
  const live = deployment.live_revision?.number ?? null;
  const described = useQuery({ ...endpointApi(deployment.id, live), enabled: live !== null });
  return sampleIn(described.data);
}
