import { useSuspenseQuery } from "@tanstack/react-query";
import { useMe } from "@/api/session";
import { PageHeader } from "@/ui/page-header";
import { Stat } from "@/ui/stat";
import { home } from "./api";

export function HomePage({ ws }: { ws: string }) {
  const me = useMe();
  const { data } = useSuspenseQuery(home());
  const name = me.workspaces.find((workspace) => workspace.slug === ws)?.name ?? ws;
  return (
    <>
      <PageHeader title="Home" meta={name} />
      <div className="grid-3">
        <Stat label="Runs" value={data.run_count} />
        <Stat label="Models" value={data.model_count} />
        <Stat label="Deployments" value={data.deployment_count} />
      </div>
    </>
  );
}
