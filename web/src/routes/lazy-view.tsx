import { type ComponentType, lazy } from "react";

/** Loads a feature's page when it is first shown: `lazyView(() => import("@/features/x/page"), "Page")`. */
export function lazyView<Name extends string, Props extends object>(
  load: () => Promise<Record<Name, ComponentType<Props>>>,
  name: Name,
) {
  return lazy(async () => ({ default: (await load())[name] }));
}
