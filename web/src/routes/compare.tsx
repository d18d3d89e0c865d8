import { createRoute } from "@tanstack/react-router";
import { compareSearch, searchOf, viewOf } from "@/features/compare/view";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const ComparePage = lazyView(() => import("@/features/compare/compare-page"), "ComparePage");

const compare = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "compare",
  validateSearch: compareSearch,
  component: function Compare() {
    const search = compare.useSearch();
    const navigate = compare.useNavigate();
    return (
      <ComparePage
        view={viewOf(search)}
        onView={(view) =>
          void navigate({ search: searchOf(view), replace: true, resetScroll: false })
        }
      />
    );
  },
});

export const compareRoutes = [compare] as const;
