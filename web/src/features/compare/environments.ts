import { queryOptions, useQueries, useQueryClient } from "@tanstack/react-query";
import { artifacts, artifactText, type Run } from "./api";
import { type Environment, packagesIn, pythonIn } from "./environment";

const LOGGED_MODELS = "models";

/** The environment of the first model of each run; null for a run without one. */
export function useEnvironments(runs: Run[]) {
  const cache = useQueryClient();
  const environment = (id: string) =>
    queryOptions({
      queryKey: ["tracking", "run", id, "environment"],
      queryFn: async (): Promise<Environment | null> => {
        const list = async (path: string) => cache.fetchQuery(artifacts(id, path));
        const read = async (path: string) => cache.fetchQuery(artifactText(id, path));
        const top = await list("");
        const models = top.some((one) => one.is_dir && one.path === LOGGED_MODELS)
          ? await list(LOGGED_MODELS)
          : [];
        for (const folder of [...models, ...top].filter((one) => one.is_dir)) {
          const files = new Set((await list(folder.path)).map((one) => one.path));
          const [packages, python] = [
            `${folder.path}/requirements.txt`,
            `${folder.path}/python_env.yaml`,
          ];
          if (!files.has(packages)) continue;
          return {
            packages: packagesIn(await read(packages)),
            python: files.has(python) ? pythonIn(await read(python)) : null,
          };
        }
        return null;
      },
      staleTime: 300_000,
    });
  return useQueries({
    queries: runs.map((run) => environment(run.id)),
    combine: (all) => ({
      isPending: all.some((one) => one.isPending),
      environments: all.map((one) => one.data ?? null),
    }),
  });
}
