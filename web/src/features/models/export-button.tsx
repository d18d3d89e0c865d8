import { Button } from "@mantine/core";
import { here } from "@/lib/here";
import type { Version } from "./api";
import { bundleAddress } from "./bundle-api";

/** Downloads a version as one signed file; says why when it cannot be. */
export function ExportButton({ version }: { version: Version }) {
  const why = whyNot(version);
  if (why)
    return (
      <Button variant="default" disabled title={why}>
        Export
      </Button>
    );
  return (
    <Button
      variant="default"
      component="a"
      href={bundleAddress(here().ws, version.model_id, version.version)}
      download
    >
      Export
    </Button>
  );
}

function whyNot(version: Version): string | null {
  if (version.status !== "READY" || version.digest === null) return "It has no files to export.";
  const isClean = version.scan === null || version.scan.verdict === "clean";
  return isClean ? null : version.obstacle;
}
