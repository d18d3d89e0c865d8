import { useState } from "react";
import { Refused } from "@/ui/refused";
import { type Dashboard, type Panel, useSave, type Window } from "./api";
import classes from "./dashboards.module.css";
import { moved } from "./order";
import { PanelCard } from "./panel-card";
import { PanelDialog } from "./panel-dialog";
import { useDrag } from "./use-drag";
import { titleOf } from "./words";

interface Props {
  of: Dashboard;
  window: Window;
  mayChange: boolean;
}

/** The panels in their order; who may change them moves, edits and removes them in place. */
export function BoardGrid({ of, window, mayChange }: Props) {
  const save = useSave(of.id);
  const [editing, setEditing] = useState<Panel | null>(null);
  const [told, setTold] = useState("");
  const { panels } = of;
  const place = (id: string) => panels.findIndex((one) => one.id === id);
  const put = (panel: Panel, to: number) => {
    const next = moved(panels, panel.id, to);
    if (next === panels) return;
    const now = next.findIndex((one) => one.id === panel.id) + 1;
    setTold(`${titleOf(panel)} is at place ${now} of ${panels.length}`);
    save.mutate({ panels: next });
  };
  const { drag, grab } = useDrag((id, on) => {
    const panel = panels[place(id)];
    if (panel) put(panel, place(on));
  });
  const actionsOf = (panel: Panel, at: number) => ({
    onMove: (by: -1 | 1) => put(panel, at + by),
    onEdit: () => setEditing(panel),
    onRemove: () => save.mutate({ panels: panels.filter((one) => one.id !== panel.id) }),
    onGrab: grab(panel.id),
  });
  return (
    <>
      {save.error && <Refused error={save.error} />}
      <div className={classes.grid}>
        {panels.map((panel, at) => (
          <PanelCard
            key={panel.id}
            panel={panel}
            window={window}
            place={at}
            count={panels.length}
            isTarget={drag?.over === panel.id}
            isDragged={drag?.id === panel.id}
            actions={mayChange ? actionsOf(panel, at) : undefined}
          />
        ))}
      </div>
      <output className="sr-only" aria-live="polite">
        {told}
      </output>
      {editing && (
        <PanelDialog
          panel={editing}
          onClose={() => setEditing(null)}
          onSave={(next) =>
            save.mutateAsync({ panels: panels.map((one) => (one.id === next.id ? next : one)) })
          }
        />
      )}
    </>
  );
}
