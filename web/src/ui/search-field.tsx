import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";

const WAIT_MS = 250;

interface Props {
  /** What is searched: "Search models". */
  label: string;
  value: string;
  onSearch: (text: string) => void;
}

/** A search box that waits for a pause in the typing. */
export function SearchField({ label, value, onSearch }: Props) {
  const [text, setText] = useState(value);
  const search = useDebouncedCallback(onSearch, WAIT_MS);
  useEffect(() => setText(value), [value]);
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      leftSection={<IconSearch size={16} stroke={1.7} aria-hidden />}
      style={{ flex: "1 1 220px", maxWidth: 360 }}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value.trim());
      }}
    />
  );
}
