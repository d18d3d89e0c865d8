import { createRoute, Outlet, redirect } from "@tanstack/react-router";
import { Refusal } from "@/api/refusal";
import { type Me, session } from "@/api/session";
import { Shell } from "@/shell/shell";
import { EmptyState } from "@/ui/empty-state";
import { rootRoute } from "./root";

/** Everything inside a workspace: `getParentRoute: () => workspaceRoute`, path without a leading slash. */
export const workspaceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/w/$ws",
  beforeLoad: async ({ context, params, location }): Promise<{ me: Me }> => {
    const me = await context.queries.ensureQueryData(session()).catch((error: unknown) => {
      if (error instanceof Refusal && error.status === 401) {
        throw redirect({ to: "/sign-in", search: { next: location.href } });
      }
      throw error;
    });
    rememberWorkspace(params.ws);
    return { me };
  },
  component: function Workspace() {
    const { ws } = workspaceRoute.useParams();
    const { me } = workspaceRoute.useRouteContext();
    if (!me.workspaces.some((workspace) => workspace.slug === ws))
      return <NoSuchWorkspace me={me} />;
    return (
      <Shell ws={ws}>
        <Outlet />
      </Shell>
    );
  },
});

function NoSuchWorkspace({ me }: { me: Me }) {
  const first = me.workspaces[0];
  return (
    <EmptyState
      title="You are not in this workspace"
      action={first && <a href={`/w/${encodeURIComponent(first.slug)}/home`}>Go to {first.name}</a>}
    >
      Check the address, or ask a member of the workspace to invite {me.email}.
    </EmptyState>
  );
}

const LAST = "modelyard-workspace";

function rememberWorkspace(slug: string): void {
  localStorage.setItem(LAST, slug);
}

/** The workspace to open first: the last one used when one is still in it. */
export function startingWorkspace(me: Me): string | undefined {
  const last = localStorage.getItem(LAST);
  return (me.workspaces.find((workspace) => workspace.slug === last) ?? me.workspaces[0])?.slug;
}
