import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { deployment } from "./api";
import { speaks } from "./chat";

/** Parts that only a deployment has which this installation serves. */
export function Served({ id, children }: { id: string; children: ReactNode }) {
  const { data } = useSuspenseQuery(deployment(id));
  return data.kind === "served" ? children : null;
}

/** What only makes sense where values are predicted, not where a language model writes. */
export function Predicting({ id, children }: { id: string; children: ReactNode }) {
  const { data } = useSuspenseQuery(deployment(id));
  return speaks(data) ? null : children;
}
