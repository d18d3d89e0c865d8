import { createRoute } from "@tanstack/react-router";
import { runTableSearch, searchOf, viewOf } from "@/features/experiments/table-view";
import { type Search, text } from "@/lib/search";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const ExperimentsPage = lazyView(
  () => import("@/features/experiments/experiments-page"),
  "ExperimentsPage",
);
const ExperimentPage = lazyView(
  () => import("@/features/experiments/experiment-page"),
  "ExperimentPage",
);
const Discussion = lazyView(() => import("@/features/collaboration/discussion"), "Discussion");
const RunPage = lazyView(() => import("@/features/runs/run-page"), "RunPage");

const experiments = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "experiments",
  validateSearch: (search: Search): { q?: string } => (text(search.q) ? { q: text(search.q) } : {}),
  component: function Experiments() {
    const { q = "" } = experiments.useSearch();
    const navigate = experiments.useNavigate();
    return (
      <ExperimentsPage
        q={q}
        onSearch={(next) => void navigate({ search: next ? { q: next } : {}, replace: true })}
      />
    );
  },
});

const experiment = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "experiments/$experiment",
  validateSearch: runTableSearch,
  component: function Experiment() {
    const { experiment: id } = experiment.useParams();
    const now = viewOf(experiment.useSearch());
    const navigate = experiment.useNavigate();
    return (
      <ExperimentPage
        id={id}
        view={now}
        onView={(view) =>
          void navigate({
            search: searchOf(view),
            replace: view.selected !== now.selected,
            resetScroll: false,
          })
        }
      />
    );
  },
});

const run = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "runs/$run",
  validateSearch: (search: Search): { artifact?: string; find?: string } => ({
    ...(text(search.artifact) ? { artifact: text(search.artifact) } : {}),
    ...(text(search.find) ? { find: text(search.find) } : {}),
  }),
  component: function Run() {
    const { run: id } = run.useParams();
    const { artifact = "", find = "" } = run.useSearch();
    const navigate = run.useNavigate();
    const change = (part: { artifact?: string; find?: string }) =>
      void navigate({
        search: (now) => ({ ...now, ...part }),
        replace: true,
        resetScroll: false,
      });
    return (
      <div className="stack">
        <RunPage
          id={id}
          artifact={artifact}
          onArtifact={(path) => change({ artifact: path })}
          find={find}
          onFind={(sought) => change({ find: sought })}
        />
        <View loading={<LinesSkeleton lines={4} />}>
          <Discussion about={{ kind: "run", id }} />
        </View>
      </div>
    );
  },
});

export const experimentRoutes = [experiments, experiment, run] as const;
