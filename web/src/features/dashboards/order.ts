import type { Panel } from "./api";

/** The panels with one at another place; the same list when nothing changes. */
export function moved(panels: Panel[], id: string, to: number): Panel[] {
  const from = panels.findIndex((one) => one.id === id);
  const panel = panels[from];
  const place = Math.max(0, Math.min(to, panels.length - 1));
  if (!panel || from === place) return panels;
  return panels.toSpliced(from, 1).toSpliced(place, 0, panel);
}
