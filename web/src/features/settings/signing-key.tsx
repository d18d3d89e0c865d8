import { useSuspenseQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { CopyField } from "@/ui/copy-field";
import { Panel } from "@/ui/panel";

/** The public key with which others verify the versions that this workspace exports. */
export function SigningKey() {
  const { data } = useSuspenseQuery({
    queryKey: ["registry", "bundle-key"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/bundle-key", { signal })),
  });
  return (
    <Panel
      title="Signing key"
      note="Exported versions are signed. Who receives one verifies it with this public key."
    >
      <CopyField value={data.key} label="public signing key" />
    </Panel>
  );
}
