import { useSuspenseQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { deployment } from "./api";

/** Parts that only a deployment has which this installation serves. */
export function Served({ id, children }: { id: string; children: ReactNode }) {
  const { data } = useSuspenseQuery(deployment(id));
  return data.kind === "served" ? children : null;
}
