import { ActionIcon } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { type ColumnName, isDataColumn, keyOf } from "./columns";
import classes from "./experiments.module.css";

interface Props {
  chosen: ColumnName[];
  onChoose: (columns: ColumnName[]) => void;
}

const swapped = (list: ColumnName[], from: number, to: number): ColumnName[] => {
  const moved = list[from];
  return moved === undefined ? list : list.toSpliced(from, 1).toSpliced(to, 0, moved);
};

/** The shown columns from left to right: dragged, or moved by their arrows. */
export function ChosenColumns({ chosen, onChoose }: Props) {
  const [dragged, setDragged] = useState<number | null>(null);
  return (
    <fieldset style={{ border: 0, padding: 0 }}>
      <legend className="caption dim">Shown, from left to right</legend>
      <ol>
        {chosen.map((name, place) => (
          <li
            key={name}
            className={classes.chosen}
            draggable
            onDragStart={() => setDragged(place)}
            onDragOver={(event) => event.preventDefault()}
            onDrop={() => dragged !== null && onChoose(swapped(chosen, dragged, place))}
          >
            <span>{isDataColumn(name) ? keyOf(name) : name}</span>
            <span className="row" style={{ gap: 0 }}>
              <Move
                label={`Move ${name} left`}
                disabled={place === 0}
                onClick={() => onChoose(swapped(chosen, place, place - 1))}
              >
                <IconArrowUp size={14} />
              </Move>
              <Move
                label={`Move ${name} right`}
                disabled={place === chosen.length - 1}
                onClick={() => onChoose(swapped(chosen, place, place + 1))}
              >
                <IconArrowDown size={14} />
              </Move>
              <Move
                label={`Hide ${name}`}
                disabled={chosen.length === 1}
                onClick={() => onChoose(chosen.filter((one) => one !== name))}
              >
                <IconX size={14} />
              </Move>
            </span>
          </li>
        ))}
      </ol>
    </fieldset>
  );
}

interface MoveProps {
  label: string;
  disabled: boolean;
  onClick: () => void;
  children: React.ReactNode;
}

function Move({ label, children, ...more }: MoveProps) {
  return (
    <ActionIcon variant="subtle" color="gray" size={24} aria-label={label} {...more}>
      {children}
    </ActionIcon>
  );
}
