import { useSuspenseQuery } from "@tanstack/react-query";
import { here } from "@/lib/here";
import { Facts } from "@/ui/facts";
import { LinkButton } from "@/ui/link-button";
import { Panel } from "@/ui/panel";
import { deployment, environmentList } from "./api";

/** What its model servers find in their environment. It belongs to the environment, not to one deployment. */
export function VariablesPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  const { data: environments } = useSuspenseQuery(environmentList());
  const place = environments.find((one) => one.slug === data.environment);
  if (!place) return null;
  return (
    <Panel
      title="Variables and secrets"
      note={`Of ${place.name}: its deployments share them. A change reaches this one with its next revision.`}
      action={
        <LinkButton to="/w/$ws/settings/environments" params={here()} variant="default" size="xs">
          Environments
        </LinkButton>
      }
    >
      <Facts
        of={[
          ["Variables", <Names key="variables" of={Object.keys(place.variables)} />],
          ["Secrets", <Names key="secrets" of={place.secrets.map((one) => one.name)} />],
        ]}
      />
    </Panel>
  );
}

function Names({ of }: { of: string[] }) {
  if (of.length === 0) return <span className="dim">None</span>;
  return (
    <span className="row wrap">
      {of.map((name) => (
        <code key={name}>{name}</code>
      ))}
    </span>
  );
}
