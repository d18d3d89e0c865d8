import { createRoute } from "@tanstack/react-router";
import { useCallback } from "react";

import type { DeployTarget } from "@/features/models/models-page";
import { type Search, text, wholeNumber } from "@/lib/search";
import { lazyView } from "./lazy-view";
import { QuickDeployDialog } from "./quick-deploy-dialog";
import { workspaceRoute } from "./workspace";

const ModelsPage = lazyView(() => import("@/features/models/models-page"), "ModelsPage");
const ModelPage = lazyView(() => import("@/features/models/model-page"), "ModelPage");
const VersionPage = lazyView(() => import("@/features/models/version-page"), "VersionPage");

interface ListSearch {
  q?: string;
  /** The model whose quick deploy dialog is open. */
  deploy?: string;
}

const models = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "models",
  validateSearch: (search: Search): ListSearch => ({
    ...(text(search.q) && { q: text(search.q) }),
    ...(text(search.deploy) && { deploy: text(search.deploy) }),
  }),
  component: function Models() {
    const { q = "", deploy } = models.useSearch();
    const navigate = models.useNavigate();
    const onDeploy = useCallback(
      ({ modelId }: DeployTarget) =>
        void navigate({ search: (now) => ({ ...now, deploy: modelId }) }),
      [navigate],
    );
    return (
      <>
        <ModelsPage
          q={q}
          onSearch={(next) => void navigate({ search: next ? { q: next } : {}, replace: true })}
          onDeploy={onDeploy}
        />
        <QuickDeployDialog
          target={deploy ? { modelId: deploy, version: null } : null}
          onClose={() => void navigate({ search: q ? { q } : {} })}
        />
      </>
    );
  },
});

interface DeploySearch {
  /** The version whose quick deploy dialog is open. */
  deploy?: number;
}

const deploySearch = (search: Search): DeploySearch => {
  const deploy = wholeNumber(search.deploy);
  return deploy === null ? {} : { deploy };
};

const model = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "models/$model",
  validateSearch: deploySearch,
  component: function Model() {
    const { model: id } = model.useParams();
    const { deploy } = model.useSearch();
    const navigate = model.useNavigate();
    const onDeploy = useCallback(
      ({ version }: DeployTarget) =>
        void navigate({ search: version === null ? {} : { deploy: version } }),
      [navigate],
    );
    return (
      <>
        <ModelPage id={id} onDeploy={onDeploy} />
        <QuickDeployDialog
          target={deploy ? { modelId: id, version: deploy } : null}
          onClose={() => void navigate({ search: {} })}
        />
      </>
    );
  },
});

const version = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "models/$model/v/$version",
  validateSearch: deploySearch,
  component: function Version() {
    const { model: id, version: number } = version.useParams();
    const { deploy } = version.useSearch();
    const navigate = version.useNavigate();
    return (
      <>
        <VersionPage
          id={id}
          number={wholeNumber(number) ?? 0}
          onDeploy={({ version: chosen }) =>
            void navigate({ search: chosen === null ? {} : { deploy: chosen } })
          }
        />
        <QuickDeployDialog
          target={deploy ? { modelId: id, version: deploy } : null}
          onClose={() => void navigate({ search: {} })}
        />
      </>
    );
  },
});

export const modelRoutes = [models, model, version] as const;
