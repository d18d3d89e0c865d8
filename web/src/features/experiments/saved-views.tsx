import { useQuery } from "@tanstack/react-query";
import { usePermission } from "@/api/session";
import { SavedViews as Views } from "@/ui/saved-views";
import { type RunTableView, restored, stateOf } from "./table-view";
import { savedViews, useChangeView, useDeleteView, useSaveView } from "./views-api";

interface Props {
  id: string;
  view: RunTableView;
  onView: (view: RunTableView) => void;
}

/** Saved views of an experiment's table. */
export function SavedViews({ id, view, onView }: Props) {
  const { data = [] } = useQuery(savedViews(id));
  const acts = { save: useSaveView(id), change: useChangeView(id), remove: useDeleteView(id) };
  return (
    <Views
      views={data}
      view={view.view}
      state={stateOf(view)}
      kept="Columns, filter, order, grouping and baseline"
      mayWrite={usePermission("experiments.write")}
      acts={acts}
      onChoose={(one) => onView(restored(one.state, one.id, view.selected))}
      onView={(chosen) => onView({ ...view, view: chosen })}
    />
  );
}
