import { useQueryClient } from "@tanstack/react-query";
import { useStream } from "@/api/use-stream";
import { currentWorkspace } from "@/lib/workspace";
import { type Dashboard, dashboard, type Series, series, type Window } from "./api";

const EVENTS = ["dashboard", "series"] as const;
interface Said {
  panel_id: string;
  deployment_id: string;
  series: Series | null;
}
interface Saved {
  version: number;
}

const isSaid = (name: string, _data: unknown): _data is Said => name === "series";
const isSaved = (name: string, _data: unknown): _data is Saved => name === "dashboard";

/** Keeps what the panels show, and which panels there are, as the server has them. */
export function useBoardLive(of: Dashboard, window: Window) {
  const cache = useQueryClient();
  const search = new URLSearchParams({ window, workspace: currentWorkspace() ?? "" });
  return useStream(`/api/v1/dashboards/${of.id}/live?${search}`, EVENTS, (name, data) => {
    if (isSaved(name, data) && data.version !== of.version)
      void cache.invalidateQueries({ queryKey: dashboard(of.id).queryKey });
    if (!isSaid(name, data)) return;
    const panel = of.panels.find((one) => one.id === data.panel_id);
    if (!panel) return;
    const { queryKey } = series(panel, data.deployment_id, window);
    if (data.series) cache.setQueryData(queryKey, data.series);
    else void cache.invalidateQueries({ queryKey });
  });
}
