import { currentWorkspace } from "./workspace";

/** The parameters of a link that stays in the workspace of the address bar: `params={{ ...here(), model }}`. */
export const here = (): { ws: string } => ({ ws: currentWorkspace() ?? "" });
