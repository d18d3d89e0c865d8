import { Button } from "@mantine/core";
import { usePermission } from "@/api/session";
import { Callout } from "@/ui/callout";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { Refused } from "@/ui/refused";
import { useCreateKey } from "./actions";
import type { Deployment } from "./api";
import { useCallExample } from "./call-example";
import { snippetsOf } from "./snippets";

const NAME = "First key";

/** Makes an endpoint key in one click and shows, this once, the call that uses it. */
export function FirstKey({ deployment }: { deployment: Deployment }) {
  const create = useCreateKey(deployment.id);
  const example = useCallExample(deployment);
  const mayCreate = usePermission("keys.manage");
  const key = create.data?.key ?? null;
  return (
    <div className="stack tight">
      {key && (
        <>
          <Callout tone="warn" title="Copy the key now">
            It is shown this once. Only a hash of it is kept.
          </Callout>
          <CopyField value={key} label="endpoint key" boxed />
          <CodeBlock
            title="Call it"
            label="curl"
            code={snippetsOf(deployment.url, example, key).curl}
          />
        </>
      )}
      {create.error && <Refused error={create.error} />}
      {!key && mayCreate && (
        <div>
          <Button
            loading={create.isPending}
            onClick={() =>
              create.mutate({
                name: NAME,
                scopes: ["predict"],
                expires_at: null,
                requests_per_minute: null,
                requests_per_month: null,
                tokens_per_month: null,
              })
            }
          >
            Create endpoint key
          </Button>
        </div>
      )}
    </div>
  );
}
