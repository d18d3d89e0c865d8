import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { act, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { type Me, session } from "@/api/session";
import { theme } from "@/ui/theme";
import { View } from "@/ui/view";

const EVERYTHING = [
  "experiments.read",
  "experiments.write",
  "experiments.create",
  "artifacts.read",
  "artifacts.write",
  "storage.read",
  "storage.collect",
  "models.read",
  "models.export",
  "models.write",
  "models.create",
  "aliases.move_protected",
  "scans.release",
  "models.purge",
  "comments.read",
  "comments.write",
  "comments.moderate",
  "inbox.use",
  "deployments.read",
  "deployments.create",
  "environments.manage",
  "deployments.try",
  "keys.read",
  "keys.manage",
  "monitoring.read",
  "monitoring.manage",
  "predictions.read",
  "outcomes.write",
  "batches.run",
  "alerts.read",
  "alerts.handle",
  "alerts.manage",
  "dashboards.manage",
  "channels.read",
  "channels.manage",
  "samples.manage",
  "tokens.read",
  "tokens.create",
  "members.read",
  "members.manage",
  "workspace.manage",
  "webhooks.manage",
  "workspaces.create",
  "workspaces.delete",
  "flags.manage",
  "limits.manage",
  "audit.read",
  "audit.export",
];

/** Ana, owner of the workspace "team". */
export const ana: Me = {
  user_id: "00000000-0000-4000-8000-000000000001",
  email: "ana@example.com",
  display_name: "Ana Ruiz",
  organisation_name: "Example",
  workspaces: [
    { id: 1, slug: "team", name: "Team", role: "owner", created_at: "2026-11-01T08:00:00Z" },
  ],
  permissions: EVERYTHING,
  csrf_token: "csrf",
};

/** Shows a view as the app does: theme, cache, router, loading and refused faces, signed in as `me` in /w/team. */
export async function renderView(
  view: ReactNode,
  { me = ana, at = "/w/team/home" }: { me?: Me | null; at?: string } = {},
) {
  window.history.pushState({}, "", at);
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  if (me) queries.setQueryData(session().queryKey, me);
  const root = createRootRoute();
  const anywhere = createRoute({
    getParentRoute: () => root,
    path: "$",
    component: () => <View>{view}</View>,
  });
  const router = createRouter({
    routeTree: root.addChildren([anywhere]),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  const result = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  await act(() => router.load());
  return { ...result, router, queries };
}
