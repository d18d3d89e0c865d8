import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { people } from "./api";
import classes from "./collaboration.module.css";
import type { InboxView } from "./inbox-view";

const AREAS = [
  { value: "registry", label: "Models" },
  { value: "runs", label: "Runs" },
  { value: "experiments", label: "Experiments" },
  { value: "deployments", label: "Deployments" },
  { value: "traffic", label: "Endpoint keys" },
  { value: "collaboration", label: "Comments" },
  { value: "members", label: "Members" },
];

interface Props {
  view: InboxView;
  onView: (change: Partial<InboxView>) => void;
}

/** Which activity is shown. */
export function FeedFilters({ view, onView }: Props) {
  const known = useQuery(people()).data ?? [];
  return (
    <search className={classes.filters}>
      <Select
        aria-label="Area"
        placeholder="All areas"
        clearable
        data={AREAS}
        value={view.area || null}
        onChange={(area) => onView({ area: area ?? "" })}
      />
      <Select
        aria-label="Person"
        placeholder="Anybody"
        clearable
        searchable
        data={known.map((person) => ({ value: person.user_id, label: person.display_name }))}
        value={view.actor || null}
        onChange={(actor) => onView({ actor: actor ?? "" })}
      />
    </search>
  );
}
