import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/api/session";
import { type AlertRow, people, useAssign, useSnooze, useWake } from "./api";
import { SNOOZES } from "./words";

interface Props {
  row: AlertRow;
  onResolve: () => void;
}

/** What else can be done with an alert: assign, snooze, resolve. */
export function AlertMenu({ row, onResolve }: Props) {
  const [opened, setOpened] = useState(false);
  const me = useMe();
  const { data } = useQuery({ ...people(), enabled: opened });
  const assign = useAssign();
  const snooze = useSnooze();
  const wake = useWake();
  const others = (data?.items ?? []).filter((one) => one.user_id !== me.user_id);
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={`More for ${row.title} of ${row.deployment_name}`}
        >
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Assign to</Menu.Label>
        <Menu.Item onClick={() => assign.mutate({ id: row.id, user_id: me.user_id })}>Me</Menu.Item>
        {others.map((one) => (
          <Menu.Item
            key={one.user_id}
            onClick={() => assign.mutate({ id: row.id, user_id: one.user_id })}
          >
            {one.display_name}
          </Menu.Item>
        ))}
        <Menu.Label>Snooze for</Menu.Label>
        {SNOOZES.map((one) => (
          <Menu.Item
            key={one.minutes}
            onClick={() => snooze.mutate({ id: row.id, minutes: one.minutes })}
          >
            {one.label}
          </Menu.Item>
        ))}
        {row.snoozed_until !== null && (
          <Menu.Item onClick={() => wake.mutate(row.id)}>End the snooze</Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item onClick={onResolve}>Resolve…</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
