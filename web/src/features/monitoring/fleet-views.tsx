import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import { usePermission } from "@/api/session";
import type { Shape } from "@/api/types";
import { SavedViews } from "@/ui/saved-views";
import { type FleetSearch, fleetSearch, stateOf } from "./fleet-filter";

const fleetViews = () =>
  queryOptions({
    queryKey: ["monitoring", "fleet-views"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/fleet-views", { signal })),
  });

function useAct<Input, Output>(act: (input: Input) => Promise<Output>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () => cache.invalidateQueries({ queryKey: fleetViews().queryKey }),
  });
}

function useActs() {
  const save = useAct(async (view: Shape<"FleetViewCreate">) =>
    body(await api.POST("/api/v1/fleet-views", { body: view })),
  );
  const change = useAct(
    async ({ view, change }: { view: string; change: Shape<"FleetViewPatch"> }) =>
      body(
        await api.PATCH("/api/v1/fleet-views/{fleet_view_id}", {
          params: { path: { fleet_view_id: view } },
          body: change,
        }),
      ),
  );
  const remove = useAct(async (fleet_view_id: string) =>
    done(
      await api.DELETE("/api/v1/fleet-views/{fleet_view_id}", {
        params: { path: { fleet_view_id } },
      }),
    ),
  );
  return { save, change, remove };
}

interface Props {
  search: FleetSearch;
  onSearch: (search: FleetSearch) => void;
}

/** Saved views of the fleet: its range and filters. */
export function FleetViews({ search, onSearch }: Props) {
  const { data = [] } = useQuery(fleetViews());
  const acts = useActs();
  return (
    <SavedViews
      views={data}
      view={search.view ?? ""}
      state={stateOf(search)}
      kept="Range and filters"
      mayWrite={usePermission("monitoring.manage")}
      acts={acts}
      onChoose={(one) =>
        onSearch({
          ...fleetSearch(Object.fromEntries(new URLSearchParams(one.state))),
          view: one.id,
        })
      }
      onView={(view) => onSearch(fleetSearch({ ...search, view }))}
    />
  );
}
