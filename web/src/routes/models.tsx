import { createRoute, notFound, redirect } from "@tanstack/react-router";
import { useCallback } from "react";

import type { About } from "@/features/collaboration/api";
import { modelList } from "@/features/models/api";
import type { DeployTarget } from "@/features/models/models-page";
import { MODEL_TABS, VERSION_TABS } from "@/features/models/tabs";
import { oneOf, type Search, text, wholeNumber } from "@/lib/search";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { lazyView } from "./lazy-view";
import { QuickDeployDialog } from "./quick-deploy-dialog";
import { workspaceRoute } from "./workspace";

const ModelsPage = lazyView(() => import("@/features/models/models-page"), "ModelsPage");
const ModelPage = lazyView(() => import("@/features/models/model-page"), "ModelPage");
const BinPage = lazyView(() => import("@/features/models/bin-page"), "BinPage");
const DiffPage = lazyView(() => import("@/features/models/diff-page"), "DiffPage");
const Discussion = lazyView(() => import("@/features/collaboration/discussion"), "Discussion");
const ActivityFeed = lazyView(
  () => import("@/features/collaboration/activity-feed"),
  "ActivityFeed",
);
const VersionPage = lazyView(() => import("@/features/models/version-page"), "VersionPage");

const ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const OF_ONE_MODEL = /\/models\/([^/?#]+)/;

/** Lets people write a model's name where its id stands in an address. */
const named = createRoute({
  getParentRoute: () => workspaceRoute,
  id: "by-name",
  beforeLoad: async ({ context, location }): Promise<void> => {
    const written = OF_ONE_MODEL.exec(location.href)?.[1] ?? "";
    if (ID.test(written)) return;
    const name = decodeURIComponent(written);
    const found = await context.queries.fetchInfiniteQuery(modelList(name));
    const one = found.pages.flatMap((page) => page.items).find((item) => item.name === name);
    if (!one) throw notFound();
    const href = location.href.replace(`/models/${written}`, `/models/${one.id}`);
    throw redirect({ href, replace: true });
  },
});

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

interface PageSearch<Tab> {
  /** The version whose quick deploy dialog is open. */
  deploy?: number;
  tab?: Tab;
}

const pageSearch =
  <Tab extends string>(tabs: readonly Tab[], first: Tab) =>
  (search: Search): PageSearch<Tab> => {
    const deploy = wholeNumber(search.deploy);
    const tab = oneOf(search.tab, tabs, first);
    return { ...(deploy !== null && { deploy }), ...(tab !== first && { tab }) };
  };

/** What other features show on the pages of models and versions. */
function Talk({ kind, id }: About) {
  return (
    <View loading={<LinesSkeleton lines={4} />}>
      <Discussion about={{ kind, id }} />
    </View>
  );
}

function History({ kind, id }: About) {
  return (
    <Panel title="Activity" flush>
      <View loading={<LinesSkeleton lines={6} />}>
        <ActivityFeed filter={{ about: { kind, id } }} />
      </View>
    </Panel>
  );
}

const model = createRoute({
  getParentRoute: () => named,
  path: "models/$model",
  validateSearch: pageSearch(MODEL_TABS, "card"),
  component: function Model() {
    const { model: id } = model.useParams();
    const { deploy, tab = "card" } = model.useSearch();
    const navigate = model.useNavigate();
    const onDeploy = useCallback(
      ({ version }: DeployTarget) =>
        void navigate({
          search: (now) => (version === null ? now : { ...now, deploy: version }),
        }),
      [navigate],
    );
    return (
      <>
        <ModelPage
          id={id}
          tab={tab}
          onDeploy={onDeploy}
          discussion={<Talk kind="model" id={id} />}
          activity={<History kind="model" id={id} />}
        />
        <QuickDeployDialog
          target={deploy ? { modelId: id, version: deploy } : null}
          onClose={() => void navigate({ search: ({ tab: kept }) => (kept ? { tab: kept } : {}) })}
        />
      </>
    );
  },
});

const version = createRoute({
  getParentRoute: () => named,
  path: "models/$model/v/$version",
  validateSearch: pageSearch(VERSION_TABS, "overview"),
  component: function Version() {
    const { model: id, version: number } = version.useParams();
    const { deploy, tab = "overview" } = version.useSearch();
    const navigate = version.useNavigate();
    return (
      <>
        <VersionPage
          id={id}
          number={wholeNumber(number) ?? 0}
          tab={tab}
          discussion={<Talk kind="model_version" id={`${id}/${number}`} />}
          activity={<History kind="model_version" id={`${id}/${number}`} />}
          onDeploy={({ version: chosen }) =>
            void navigate({ search: (now) => (chosen === null ? now : { ...now, deploy: chosen }) })
          }
        />
        <QuickDeployDialog
          target={deploy ? { modelId: id, version: deploy } : null}
          onClose={() => void navigate({ search: ({ tab: kept }) => (kept ? { tab: kept } : {}) })}
        />
      </>
    );
  },
});

const diff = createRoute({
  getParentRoute: () => named,
  path: "models/$model/diff",
  validateSearch: (search: Search): { a: number; b: number } => ({
    a: wholeNumber(search.a) ?? 1,
    b: wholeNumber(search.b) ?? 1,
  }),
  component: function Diff() {
    const { a, b } = diff.useSearch();
    return <DiffPage id={diff.useParams().model} a={a} b={b} />;
  },
});

const bin = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "models/bin",
  component: () => <BinPage />,
});

export const modelRoutes = [models, bin, named.addChildren([model, version, diff])] as const;
