import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { home, isMoving, type Sample, samples } from "./api";
import { SampleInstalled } from "./sample-installed";
import { SampleOffer } from "./sample-offer";

/** The sample projects: real data, a real training, a real deployment, real traffic. */
export function SamplePanel({ ws }: { ws: string }) {
  const { data } = useSuspenseQuery(samples());
  useHomeFollows(data);
  return data.map((sample) => (
    <Panel
      key={sample.key}
      title={sample.title}
      note="Sample project"
      action={sample.install && <StatusBadge status={sample.install.status} />}
    >
      {sample.install ? (
        <SampleInstalled ws={ws} sample={sample} install={sample.install} />
      ) : (
        <SampleOffer sample={sample} />
      )}
    </Panel>
  ));
}

/** Each step that a sample completes is a fact of the home page: fetch it at once. */
function useHomeFollows(all: Sample[]) {
  const queries = useQueryClient();
  const progress = all
    .map(
      (sample) =>
        `${isMoving(sample.install)} ${sample.install?.steps.map((step) => step.status).join(" ")}`,
    )
    .join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: progress is the reason to run
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: home().queryKey });
  }, [queries, progress]);
}
