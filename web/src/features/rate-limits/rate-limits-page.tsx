import { Button, Select } from "@mantine/core";
import { queryOptions, useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { count } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { type Column, DataTable } from "@/ui/data-table";
import { LimitInput } from "@/ui/limit-input";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";

type Limit = Shape<"RateLimitOut">;

const rateLimits = () =>
  queryOptions({
    queryKey: ["throttling"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/rate-limits", { signal })),
  });

const CLASSES: Record<Limit["route_class"], string> = {
  auto_config: "Auto-config",
  read: "Reading",
  write: "Changing",
  ingest: "Tracking (MLflow)",
};
const SUBJECTS: Record<Limit["subject"], string> = {
  user: "Each person",
  key: "Each token or session",
  organisation: "The organisation",
};

/** How often people, keys and the organisation may ask, and what was set instead. */
export function RateLimitsPage() {
  const { data } = useSuspenseQuery(rateLimits());
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: async (limit_id: string) =>
      done(await api.DELETE("/api/v1/rate-limits/{limit_id}", { params: { path: { limit_id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["throttling"] }),
  });
  const { mutate } = remove;
  const columns = useMemo(() => columnsOf(mutate), [mutate]);
  return (
    <div className="stack loose">
      {data.has_redis && !data.is_shared && (
        <Callout tone="warn" title="Redis does not answer">
          Each process counts by itself until it does.
        </Callout>
      )}
      <Panel
        title="Rate limits"
        note={
          data.has_redis
            ? "Counted together with other processes."
            : "Counted in this process. Set MODELYARD_REDIS_URL to count together with others."
        }
        flush
      >
        <DataTable
          label="Rate limits"
          columns={columns}
          rows={data.limits}
          rowKey={(row) => row.id ?? `${row.route_class} ${row.subject}`}
        />
      </Panel>
      {remove.error && <Refused error={remove.error} />}
      <SetLimit defaults={data.limits.filter((one) => one.id === null)} />
    </div>
  );
}

function SetLimit({ defaults }: { defaults: Limit[] }) {
  const cache = useQueryClient();
  const [at, setAt] = useState(0);
  const chosen = defaults[at];
  const [perMinute, setPerMinute] = useState<number | null>(null);
  const set = useMutation({
    mutationFn: async (request: Shape<"RateLimitSet">) =>
      body(await api.PUT("/api/v1/rate-limits", { body: request })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["throttling"] }),
  });
  if (!chosen) return null;
  return (
    <Panel title="Set a limit" note="For everybody of this workspace; in force within seconds.">
      <form
        className="row wrap"
        style={{ alignItems: "flex-end" }}
        onSubmit={(event) => {
          event.preventDefault();
          if (perMinute === null) return;
          set.mutate({
            route_class: chosen.route_class,
            subject: chosen.subject,
            per_minute: perMinute,
          });
        }}
      >
        <Select
          label="Limit"
          allowDeselect={false}
          miw={280}
          data={defaults.map((one, index) => ({
            value: String(index),
            label: `${CLASSES[one.route_class]}: ${SUBJECTS[one.subject].toLowerCase()}`,
          }))}
          value={String(at)}
          onChange={(value) => setAt(Number(value))}
        />
        <LimitInput label="Requests a minute" value={perMinute} onChange={setPerMinute} />
        <Button type="submit" loading={set.isPending} disabled={perMinute === null}>
          Set limit
        </Button>
      </form>
      {set.error && <Refused error={set.error} />}
    </Panel>
  );
}

const columnsOf = (onRemove: (id: string) => void): Column<Limit>[] => [
  { id: "class", header: "Requests", cell: (row) => CLASSES[row.route_class] },
  { id: "subject", header: "Counted for", cell: (row) => SUBJECTS[row.subject] },
  { id: "rate", header: "A minute", align: "end", cell: (row) => count(row.per_minute) },
  { id: "burst", header: "At once", align: "end", cell: (row) => count(row.burst) },
  {
    id: "who",
    header: "Set by",
    cell: (row) =>
      row.id === null ? (
        <span className="dim">Default</span>
      ) : (
        <>
          {row.updated_by_name} <Time at={row.updated_at} />
        </>
      ),
  },
  {
    id: "remove",
    header: "",
    align: "end",
    cell: (row) => {
      const { id } = row;
      return (
        id !== null && (
          <Button size="xs" variant="default" onClick={() => onRemove(id)}>
            Back to default
          </Button>
        )
      );
    },
  },
];
