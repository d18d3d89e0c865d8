import { useQuery } from "@tanstack/react-query";
import { Callout } from "@/ui/callout";
import { Panel } from "@/ui/panel";
import { drivers } from "./api";

const NAMES: Record<string, string> = {
  bwrap: "bubblewrap, with namespaces of their own and a filter of system calls",
  landlock: "the kernel's Landlock and a filter of system calls",
};

/** What stands around models that run as processes of this machine, and what does not. */
export function WallsPanel() {
  const { data } = useQuery(drivers());
  const own = data?.find((one) => one.name === "process");
  if (!own?.walls) return null;
  const missing = own.missing_walls;
  return (
    <Panel
      title="Walls around models"
      note="Tried from inside on this machine. Containers and pods have those of their engine or cluster."
    >
      {own.obstacle && <Callout tone="bad">{own.obstacle}</Callout>}
      <p>
        {NAMES[own.walls]
          ? `Model servers that run as processes stand behind ${NAMES[own.walls]}.`
          : "Model servers that run as processes have no walls here."}
      </p>
      {missing.length > 0 && (
        <>
          <p>Missing here, so a hostile model could do this:</p>
          <ul>
            {missing.map((one) => (
              <li key={one.name}>
                <strong>{one.name}</strong>: {one.risk}
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
