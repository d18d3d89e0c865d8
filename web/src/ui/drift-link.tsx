import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { here } from "@/lib/here";
import { StatusBadge } from "./status-badge";

interface Props {
  of: { deployment_id: string; name: string; drift: string; drift_reason: string };
  children?: ReactNode;
}

/** Whether a deployment's data have drifted; leads to where it is shown. */
export function DriftLink({ of, children }: Props) {
  return (
    <Link
      to="/w/$ws/deployments/$dep"
      params={{ ...here(), dep: of.deployment_id }}
      search={{ tab: "drift" }}
    >
      <span className="sr-only">Drift of {of.name}: </span>
      <StatusBadge status={of.drift} reason={of.drift_reason}>
        {of.drift === "ok" ? "No drift" : undefined}
      </StatusBadge>
      {children}
    </Link>
  );
}
