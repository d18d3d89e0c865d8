import { createRoute, redirect, useNavigate } from "@tanstack/react-router";
import { Refusal } from "@/api/refusal";
import { type Me, session } from "@/api/session";
import { placeOfMlflowLink } from "@/lib/mlflow-links";
import { lazyView } from "./lazy-view";
import { rootRoute } from "./root";
import { startingWorkspace } from "./workspace";

const SignInPage = lazyView(() => import("@/features/access/sign-in"), "SignInPage");
const SetupPage = lazyView(() => import("@/features/access/setup"), "SetupPage");
const ForgotPage = lazyView(() => import("@/features/access/forgot"), "ForgotPage");
const ResetPage = lazyView(() => import("@/features/access/reset"), "ResetPage");
const InvitePage = lazyView(() => import("@/features/access/invite"), "InvitePage");

const text = (value: unknown): string => (typeof value === "string" ? value : "");
/** Only paths of this application: never another host. */
const ownPath = (value: unknown): string => (/^\/(?![/\\])/.test(text(value)) ? text(value) : "");

/** Opens the page that was asked for, else the home of the workspace. */
function useEntered() {
  const navigate = useNavigate();
  return (me: Me, next = "", workspaceName?: string) => {
    const named = me.workspaces.find((workspace) => workspace.name === workspaceName)?.slug;
    const ws = named ?? startingWorkspace(me);
    if (next) return void navigate({ href: next });
    if (ws) return void navigate({ to: "/w/$ws/home", params: { ws } });
    return void navigate({ to: "/" });
  };
}

const start = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: async ({ context, location }) => {
    const me = await context.queries.ensureQueryData(session()).catch((error: unknown) => {
      if (error instanceof Refusal && error.status === 401) {
        throw redirect({ to: "/sign-in", search: location.hash ? { next: location.href } : {} });
      }
      throw error;
    });
    const ws = startingWorkspace(me);
    const named = ws ? placeOfMlflowLink(location.hash, ws) : null;
    if (named) throw redirect({ href: named });
    if (ws) throw redirect({ to: "/w/$ws/home", params: { ws } });
  },
  component: () => (
    <p style={{ padding: 32 }}>You are not in any workspace. Ask somebody to invite you.</p>
  ),
});

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    ownPath(search.next) ? { next: ownPath(search.next) } : {},
  component: function SignIn() {
    const { next } = signIn.useSearch();
    const entered = useEntered();
    return <SignInPage onEntered={(me) => entered(me, ownPath(next))} />;
  },
});

const setup = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup",
  validateSearch: (search: Record<string, unknown>): { token?: string } => ({
    token: text(search.token),
  }),
  component: function Setup() {
    const { token } = setup.useSearch();
    const entered = useEntered();
    return <SetupPage token={token ?? ""} onEntered={(me) => entered(me)} />;
  },
});

const forgot = createRoute({
  getParentRoute: () => rootRoute,
  path: "/forgot",
  component: () => <ForgotPage />,
});

const reset = createRoute({
  getParentRoute: () => rootRoute,
  path: "/reset/$token",
  component: function Reset() {
    return <ResetPage token={reset.useParams().token} />;
  },
});

const invite = createRoute({
  getParentRoute: () => rootRoute,
  path: "/invite/$token",
  component: function Invite() {
    const { token } = invite.useParams();
    const entered = useEntered();
    return (
      <InvitePage token={token} onEntered={(me, workspaceName) => entered(me, "", workspaceName)} />
    );
  },
});

export const accessRoutes = [start, signIn, setup, forgot, reset, invite] as const;
