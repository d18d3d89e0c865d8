import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, Link, Outlet } from "@tanstack/react-router";
import { EmptyState } from "@/ui/empty-state";
import { Refused } from "@/ui/refused";

export interface RouterContext {
  queries: QueryClient;
}

export const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: () => (
    <EmptyState
      title="There is no page at this address"
      action={<Link to="/">Go to the start</Link>}
    >
      The link may be old, or the thing it named was deleted.
    </EmptyState>
  ),
  errorComponent: ({ error, reset }) => (
    <div style={{ maxWidth: 640, margin: "15vh auto", padding: 16 }}>
      <Refused error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
    </div>
  ),
});
