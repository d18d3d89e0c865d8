import { Button } from "@mantine/core";
import { queryOptions, useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { browserName } from "@/lib/browser-name";
import { type Column, DataTable } from "@/ui/data-table";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { TableSkeleton } from "@/ui/skeletons";
import { Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";

type Session = Shape<"SessionOut">;

const sessions = () =>
  queryOptions({
    queryKey: ["identity", "sessions"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/me/sessions", { signal })),
  });

/** Where one is signed in, and the way to end what one does not know. */
export function SessionsPanel() {
  return (
    <Panel title="Sessions" note="Where you are signed in." flush>
      <View loading={<TableSkeleton rows={2} />}>
        <SessionList />
      </View>
    </Panel>
  );
}

function SessionList() {
  const { data } = useSuspenseQuery(sessions());
  const { mutate: end, error, isPending, variables } = useEndSession();
  const columns = useMemo<Column<Session>[]>(
    () => [
      {
        id: "browser",
        header: "Browser",
        cell: (one) => (
          <span className="row wrap" title={one.user_agent ?? undefined}>
            {browserName(one.user_agent)}
            {one.is_current && <Tag>This one</Tag>}
          </span>
        ),
      },
      { id: "address", header: "Address", cell: (one) => <code>{one.ip_address ?? "–"}</code> },
      { id: "seen", header: "Last seen", cell: (one) => <Time at={one.last_seen_at} /> },
      { id: "until", header: "Expires", cell: (one) => <Time at={one.expires_at} /> },
      {
        id: "end",
        header: "",
        align: "end",
        cell: (one) =>
          one.is_current ? null : (
            <Button
              variant="default"
              size="compact-xs"
              loading={isPending && variables === one.id}
              onClick={() => end(one.id)}
            >
              End session
            </Button>
          ),
      },
    ],
    [end, isPending, variables],
  );
  return (
    <>
      {error && <Refused error={error} />}
      <DataTable label="Sessions" columns={columns} rows={data} rowKey={(one) => one.id} />
    </>
  );
}

function useEndSession() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (session_id: string) =>
      done(
        await api.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id } } }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: sessions().queryKey }),
  });
}
