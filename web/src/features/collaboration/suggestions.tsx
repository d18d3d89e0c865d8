import type { Person } from "./api";
import classes from "./collaboration.module.css";

interface Props {
  offered: Person[];
  active: number;
  choose: (person: Person) => void;
}

/** The people that the letters after `@` may mean. */
export function Suggestions({ offered, active, choose }: Props) {
  if (offered.length === 0) return null;
  return (
    <div className={classes.suggestions} role="listbox" aria-label="People">
      {offered.map((person, position) => (
        <div
          key={person.user_id}
          role="option"
          tabIndex={-1}
          aria-selected={position === active}
          className={classes.suggestion}
          onMouseDown={(event) => {
            event.preventDefault(); // the text keeps the focus
            choose(person);
          }}
        >
          {person.display_name} <span className="dim">@{person.handle}</span>
        </div>
      ))}
    </div>
  );
}
