import { type PointerEvent, useState } from "react";

interface Drag {
  id: string;
  over: string | null;
}

const panelUnder = (x: number, y: number): string | null =>
  document.elementFromPoint(x, y)?.closest("[data-panel]")?.getAttribute("data-panel") ?? null;

/** Drags a panel by its handle, with mouse, pen or finger; Escape lets it go where it was. */
export function useDrag(onDrop: (id: string, on: string) => void) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const grab = (id: string) => (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    const handle: HTMLElement = event.currentTarget;
    handle.setPointerCapture?.(event.pointerId);
    let over: string | null = null;
    const stop = new AbortController();
    const until = { signal: stop.signal };
    const end = () => {
      stop.abort();
      setDrag(null);
    };
    handle.addEventListener(
      "pointermove",
      (at) => {
        const under = panelUnder(at.clientX, at.clientY);
        over = under === id ? null : under;
        setDrag({ id, over });
      },
      until,
    );
    handle.addEventListener(
      "pointerup",
      () => {
        end();
        if (over) onDrop(id, over);
      },
      until,
    );
    handle.addEventListener("pointercancel", end, until);
    document.addEventListener("keydown", (key) => key.key === "Escape" && end(), until);
  };
  return { drag, grab };
}
