import { usePermission } from "@/api/session";
import { CodeBlock } from "@/ui/code-block";
import { LinkButton } from "@/ui/link-button";
import { Panel } from "@/ui/panel";

/** The two lines that point existing MLflow code here. */
export function ConnectPanel({ ws }: { ws: string }) {
  const mayCreate = usePermission("tokens.create");
  return (
    <Panel
      title="Connect your code"
      action={
        mayCreate && (
          <LinkButton to="/w/$ws/settings/tokens" params={{ ws }} variant="default" size="xs">
            Create API token
          </LinkButton>
        )
      }
    >
      <div className="stack tight">
        <p className="dim small">
          The unmodified MLflow client works. Set two variables with an API token of this workspace,
          then run the quickstart or your own training.
        </p>
        <CodeBlock
          wrap
          label="environment lines"
          code={`export MLFLOW_TRACKING_URI=${window.location.origin}\nexport MLFLOW_TRACKING_TOKEN=<your API token>`}
        />
        <CodeBlock label="quickstart command" code="python examples/quickstart.py" />
      </div>
    </Panel>
  );
}
