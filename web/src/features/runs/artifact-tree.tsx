import { UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconFile, IconFolder } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { bytes } from "@/lib/format";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { type Artifact, artifacts } from "./api";

interface Props {
  id: string;
  entries: Artifact[];
  selected: string;
  onSelect: (path: string) => void;
}

/** Folders and files; a folder is asked for when it is opened. */
export function ArtifactTree({ id, entries, selected, onSelect }: Props) {
  return (
    <ul className="stack" style={{ gap: 2 }}>
      {entries.map((entry) => (
        <li key={entry.path}>
          {entry.is_dir ? (
            <Folder id={id} entry={entry} selected={selected} onSelect={onSelect} />
          ) : (
            <File entry={entry} isSelected={entry.path === selected} onSelect={onSelect} />
          )}
        </li>
      ))}
    </ul>
  );
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function File({
  entry,
  isSelected,
  onSelect,
}: {
  entry: Artifact;
  isSelected: boolean;
  onSelect: (path: string) => void;
}) {
  return (
    <UnstyledButton
      className="row small"
      mih={28}
      w="100%"
      pl={20}
      fw={isSelected ? 650 : 450}
      aria-pressed={isSelected}
      onClick={() => onSelect(entry.path)}
    >
      <IconFile size={16} stroke={1.7} aria-hidden />
      <span className="truncate">{nameOf(entry.path)}</span>
      <span className="dim num">{bytes(entry.size_bytes)}</span>
    </UnstyledButton>
  );
}

interface FolderProps extends Omit<Props, "entries"> {
  entry: Artifact;
}

function Folder({ id, entry, selected, onSelect }: FolderProps) {
  const [opened, setOpened] = useState(selected.startsWith(`${entry.path}/`));
  return (
    <>
      <UnstyledButton
        className="row small"
        mih={28}
        w="100%"
        aria-expanded={opened}
        onClick={() => setOpened(!opened)}
      >
        {opened ? (
          <IconChevronDown size={14} aria-hidden />
        ) : (
          <IconChevronRight size={14} aria-hidden />
        )}
        <IconFolder size={16} stroke={1.7} aria-hidden />
        <span className="truncate">{nameOf(entry.path)}</span>
        {entry.size_bytes !== null && <span className="dim num">{bytes(entry.size_bytes)}</span>}
      </UnstyledButton>
      {opened && (
        <div style={{ paddingLeft: 20 }}>
          <View loading={<LinesSkeleton lines={2} />}>
            <Inside id={id} path={entry.path} selected={selected} onSelect={onSelect} />
          </View>
        </div>
      )}
    </>
  );
}

function Inside({
  id,
  path,
  selected,
  onSelect,
}: {
  id: string;
  path: string;
  selected: string;
  onSelect: (path: string) => void;
}) {
  const { data } = useSuspenseQuery(artifacts(id, path));
  return <ArtifactTree id={id} entries={data} selected={selected} onSelect={onSelect} />;
}
