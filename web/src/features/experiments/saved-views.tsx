import { Button, Checkbox, Menu, Modal, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Refused } from "@/ui/refused";
import { type RunTableView, restored, stateOf } from "./table-view";
import { savedViews, useChangeView, useDeleteView, useSaveView } from "./views-api";

interface Props {
  id: string;
  view: RunTableView;
  onView: (view: RunTableView) => void;
}

/** Saved views of the table: choose one, save what was changed under its name or a new one. */
export function SavedViews({ id, view, onView }: Props) {
  const { data = [] } = useQuery(savedViews(id));
  const mayWrite = usePermission("experiments.write");
  const [naming, setNaming] = useState(false);
  const change = useChangeView(id);
  const remove = useDeleteView(id);
  const current = data.find((one) => one.id === view.view);
  const state = stateOf(view);
  const isEdited = current !== undefined && current.state !== state;
  return (
    <>
      <Menu position="bottom-start" width={280}>
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconBookmark size={16} stroke={1.7} aria-hidden />}
          >
            {current?.name ?? "Views"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {data.map((one) => (
            <Menu.Item
              key={one.id}
              onClick={() => onView(restored(one.state, one.id, view.selected))}
            >
              {one.name}
              <div className="caption dim">
                {one.is_shared ? `Shared by ${one.owner_name}` : "Private"}
              </div>
            </Menu.Item>
          ))}
          {data.length === 0 && <Menu.Label>No saved views yet</Menu.Label>}
          {mayWrite && (
            <>
              <Menu.Divider />
              <Menu.Item onClick={() => setNaming(true)}>Save this view as…</Menu.Item>
            </>
          )}
          {current?.may_change && mayWrite && (
            <Menu.Item
              leftSection={<IconTrash size={15} aria-hidden />}
              onClick={() =>
                remove.mutate(current.id, { onSuccess: () => onView({ ...view, view: "" }) })
              }
            >
              Delete view {current.name}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {isEdited && (
        <span className="row small">
          Edited
          {current.may_change && mayWrite && (
            <Button
              variant="subtle"
              size="compact-sm"
              loading={change.isPending}
              onClick={() => change.mutate({ view: current.id, change: { state } })}
            >
              Save
            </Button>
          )}
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={() => onView(restored(current.state, current.id, view.selected))}
          >
            Reset
          </Button>
        </span>
      )}
      {(change.error ?? remove.error) && (
        <Refused error={change.error ?? remove.error ?? new Error()} />
      )}
      {naming && (
        <SaveDialog
          id={id}
          state={state}
          onClose={() => setNaming(false)}
          onSaved={(saved) => onView({ ...view, view: saved })}
        />
      )}
    </>
  );
}

interface DialogProps {
  id: string;
  state: string;
  onClose: () => void;
  onSaved: (view: string) => void;
}

function SaveDialog({ id, state, onClose, onSaved }: DialogProps) {
  const save = useSaveView(id);
  const [name, setName] = useState("");
  const [isShared, setShared] = useState(false);
  return (
    <Modal opened onClose={onClose} title="Save view">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(
            { name: name.trim(), state, is_shared: isShared },
            {
              onSuccess: (saved) => {
                onSaved(saved.id);
                onClose();
              },
            },
          );
        }}
      >
        <p className="dim">Columns, filter, order, grouping and baseline are kept.</p>
        <TextInput
          label="Name"
          data-autofocus
          maxLength={100}
          value={name}
          error={save.error?.message}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox
          label="Share with the workspace"
          checked={isShared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <div className="row">
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
            Save view
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}
