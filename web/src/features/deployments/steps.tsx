import { duration } from "@/lib/format";
import { Elapsed } from "@/ui/elapsed";
import type { ProgressStep } from "@/ui/stepper";
import type { Revision } from "./api";

const TITLES: Record<Revision["steps"][number]["name"], string> = {
  prepare: "Prepare",
  build: "Build",
  verify: "Verify",
  start: "Start",
  traffic: "Traffic",
};

/** The steps of a rollout for the stepper, with the seconds each took or takes so far. */
export function progressOf(revision: Revision): ProgressStep[] {
  return revision.steps.map((step) => ({
    key: step.name,
    title: TITLES[step.name],
    status: step.status,
    detail: step.detail,
    time:
      step.status === "running" && step.started_at ? (
        <Elapsed atLeast={(Date.now() - Date.parse(step.started_at)) / 1_000} />
      ) : (
        took(step.started_at, step.finished_at)
      ),
  }));
}

function took(from: string | null, to: string | null): string | null {
  if (!from || !to) return null;
  return duration((Date.parse(to) - Date.parse(from)) / 1_000);
}
