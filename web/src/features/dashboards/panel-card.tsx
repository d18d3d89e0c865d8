import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconGripVertical } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef } from "react";
import type { Panel, Window } from "./api";
import classes from "./dashboards.module.css";
import { PanelChart } from "./panel-chart";
import { titleOf } from "./words";

export interface PanelActions {
  onMove: (by: -1 | 1) => void;
  onEdit: () => void;
  onRemove: () => void;
  onGrab: (event: PointerEvent<HTMLElement>) => void;
}

interface Props {
  panel: Panel;
  window: Window;
  place: number;
  count: number;
  /** A dragged panel would land here. */
  isTarget: boolean;
  isDragged: boolean;
  /** Not there for those who only look. */
  actions?: PanelActions | undefined;
}

const EARLIER = ["ArrowLeft", "ArrowUp"];
const LATER = ["ArrowRight", "ArrowDown"];

/** A panel with its handle: dragged by mouse and finger, moved by arrow keys, or from its menu. */
export function PanelCard(props: Props) {
  const { panel, window, place, count, isTarget, isDragged, actions } = props;
  const title = titleOf(panel);
  const handle = useRef<HTMLButtonElement>(null);
  const isMoving = useRef(false);
  const move = (event: KeyboardEvent) => {
    const by = EARLIER.includes(event.key) ? -1 : LATER.includes(event.key) ? 1 : null;
    if (by === null) return;
    event.preventDefault();
    if (place + by < 0 || place + by >= count) return;
    isMoving.current = true;
    actions?.onMove(by);
  };
  // What is put elsewhere in the page loses the focus: whoever moves it by keys goes on with it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the new place is the moment
  useLayoutEffect(() => {
    if (isMoving.current) handle.current?.focus();
    isMoving.current = false;
  }, [place]);
  return (
    <section
      aria-label={title}
      data-panel={panel.id}
      data-target={isTarget || undefined}
      data-dragged={isDragged || undefined}
      className={classes.panel}
      style={{ "--thirds": panel.width }}
    >
      <header className={classes.head}>
        {actions && (
          <button
            ref={handle}
            type="button"
            className={classes.handle}
            aria-label={`Move ${title}, place ${place + 1} of ${count}`}
            title="Drag, or use the arrow keys"
            onPointerDown={actions.onGrab}
            onKeyDown={move}
          >
            <IconGripVertical size={16} aria-hidden />
          </button>
        )}
        <h2 className={classes.title}>{title}</h2>
        {actions && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`More for ${title}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={actions.onEdit}>Edit</Menu.Item>
              <Menu.Item disabled={place === 0} onClick={() => actions.onMove(-1)}>
                Move earlier
              </Menu.Item>
              <Menu.Item disabled={place === count - 1} onClick={() => actions.onMove(1)}>
                Move later
              </Menu.Item>
              <Menu.Item color="red" onClick={actions.onRemove}>
                Remove
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </header>
      <PanelChart panel={panel} window={window} />
    </section>
  );
}
