import { useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { usePermission } from "@/api/session";
import { count, plural } from "@/lib/format";
import classes from "./shell.module.css";

/** How many alerts are open; nothing while there are none. */
export function OpenAlerts() {
  const mayRead = usePermission("alerts.read");
  const { data } = useQuery({
    queryKey: ["alerts", "counts"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/alert-counts", { signal })),
    enabled: mayRead,
    refetchInterval: 15_000,
    retry: false,
  });
  if (!data || data.open === 0) return null;
  return (
    <span className={classes.counter} data-critical={data.critical > 0 || undefined}>
      <span aria-hidden>{count(data.open)}</span>
      <span className="sr-only">{plural(data.open, "open alert")}</span>
    </span>
  );
}
