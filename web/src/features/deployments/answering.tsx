import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Deployment, deploymentsOfModel, environmentList } from "./api";

interface Props {
  /** The deployment of the page. */
  deployment: Deployment;
  /** The one that is called: the same name in some environment. */
  called: Deployment;
  onCalled: (called: Deployment) => void;
  /** The version that is to answer; `null`: as traffic is shared. */
  version: number | null;
  onVersion?: (version: number | null) => void;
}

const SHARED = "shared";

/** Where a call of the console goes: environment, and version where two of them answer. */
export function Answering({ deployment, called, onCalled, version, onVersion }: Props) {
  const there = useQuery(deploymentsOfModel(deployment.model_id)).data ?? [];
  const names = useQuery(environmentList()).data ?? [];
  const same = there.filter(
    (one) => one.kind === "served" && one.name === deployment.name && one.live_revision,
  );
  const versions = versionsOf(called);
  const offersVersions = onVersion && versions.length > 1;
  if (same.length < 2 && !offersVersions) return null;
  return (
    <div className="grid-2">
      {same.length > 1 && (
        <Select
          label="Environment"
          allowDeselect={false}
          data={same.map((one) => ({
            value: one.id,
            label: names.find((place) => place.slug === one.environment)?.name ?? one.environment,
          }))}
          value={called.id}
          onChange={(id) => {
            const next = same.find((one) => one.id === id);
            if (next) onCalled(next);
          }}
        />
      )}
      {offersVersions && (
        <Select
          label="Version that answers"
          allowDeselect={false}
          data={[
            { value: SHARED, label: "As traffic is shared" },
            ...versions.map((one) => ({ value: String(one), label: `Version ${one}` })),
          ]}
          value={version === null ? SHARED : String(version)}
          onChange={(value) => onVersion(value === SHARED || !value ? null : Number(value))}
        />
      )}
    </div>
  );
}

/** The versions that get traffic now. */
export function versionsOf(deployment: Deployment): number[] {
  const known = [deployment.live_revision, deployment.latest_revision];
  const found = deployment.weights.flatMap(({ revision }) => {
    const version = known.find((one) => one?.number === revision)?.version;
    return version === undefined ? [] : [version];
  });
  return [...new Set(found)].sort((a, b) => a - b);
}
