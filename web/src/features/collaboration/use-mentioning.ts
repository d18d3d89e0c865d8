import { type KeyboardEvent, type RefObject, useState } from "react";
import type { Person } from "./api";

const STARTED = /(?:^|[\s([{,;])@([\w.%+@-]*)$/;
const MOST = 6;

/** Offers people while a name after `@` is being typed. */
export function useMentioning(
  area: RefObject<HTMLTextAreaElement | null>,
  text: string,
  setText: (text: string) => void,
  people: Person[],
) {
  const [query, setQuery] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const offered = query === null ? [] : matching(people, query);
  const close = () => setQuery(null);

  const look = (field: HTMLTextAreaElement) => {
    const before = field.value.slice(0, field.selectionStart);
    const started = STARTED.exec(before)?.[1] ?? null;
    if (started !== query) setActive(0);
    setQuery(started);
  };

  const choose = (person: Person) => {
    const caret = area.current?.selectionStart ?? text.length;
    const from = caret - (query?.length ?? 0);
    const next = `${text.slice(0, from)}${person.handle} `;
    setText(next + text.slice(caret));
    close();
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(next.length, next.length);
    });
  };

  /** Takes the keys of the list while it is open; tells whether it took this one. */
  const press = (event: KeyboardEvent): boolean => {
    if (offered.length === 0) return false;
    const person = offered[active];
    if (event.key === "ArrowDown") setActive((active + 1) % offered.length);
    else if (event.key === "ArrowUp") setActive((active + offered.length - 1) % offered.length);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && person) choose(person);
    else return false;
    event.preventDefault();
    return true;
  };

  return { offered, active, choose, close, look, press };
}

function matching(people: Person[], query: string): Person[] {
  const wanted = query.toLowerCase();
  return people
    .filter(
      (person) =>
        person.handle.toLowerCase().startsWith(wanted) ||
        person.display_name
          .toLowerCase()
          .split(" ")
          .some((part) => part.startsWith(wanted)),
    )
    .slice(0, MOST);
}
