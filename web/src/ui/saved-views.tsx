import { Button, Checkbox, Menu, Modal, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { FormActions } from "./form-actions";
import { Refused } from "./refused";

export interface SavedView {
  id: string;
  name: string;
  /** The search part of the page's address, without `?`. */
  state: string;
  is_shared: boolean;
  owner_name: string;
  may_change: boolean;
}

interface NewView {
  name: string;
  state: string;
  is_shared: boolean;
}

/** A change that runs, as `useMutation` gives it. */
interface Act<Input, Output> {
  mutate: (input: Input, then?: { onSuccess: (made: Output) => void }) => void;
  isPending: boolean;
  error: Error | null;
}

export interface ViewActs {
  save: Act<NewView, SavedView>;
  change: Act<{ view: string; change: { state: string } }, unknown>;
  remove: Act<string, unknown>;
}

interface Props {
  views: SavedView[];
  /** Id of the view the page came from, or "". */
  view: string;
  /** What the page shows now. */
  state: string;
  /** What is kept: "Columns and filter". */
  kept: string;
  mayWrite: boolean;
  acts: ViewActs;
  onChoose: (view: SavedView) => void;
  /** The page stays as it is, under this view; "" for none. */
  onView: (view: string) => void;
}

/** Saved views of a table: choose one, save what was changed under its name or a new one. */
export function SavedViews(props: Props) {
  const { views, view, state, kept, mayWrite, acts, onChoose, onView } = props;
  const [naming, setNaming] = useState(false);
  const current = views.find((one) => one.id === view);
  const isEdited = current !== undefined && current.state !== state;
  const error = acts.change.error ?? acts.remove.error;
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
          {views.map((one) => (
            <Menu.Item key={one.id} onClick={() => onChoose(one)}>
              {one.name}
              <div className="caption dim">
                {one.is_shared ? `Shared by ${one.owner_name}` : "Private"}
              </div>
            </Menu.Item>
          ))}
          {views.length === 0 && <Menu.Label>No saved views yet</Menu.Label>}
          {mayWrite && (
            <>
              <Menu.Divider />
              <Menu.Item onClick={() => setNaming(true)}>Save this view as…</Menu.Item>
            </>
          )}
          {current?.may_change && mayWrite && (
            <Menu.Item
              leftSection={<IconTrash size={15} aria-hidden />}
              onClick={() => acts.remove.mutate(current.id, { onSuccess: () => onView("") })}
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
              loading={acts.change.isPending}
              onClick={() => acts.change.mutate({ view: current.id, change: { state } })}
            >
              Save
            </Button>
          )}
          <Button variant="subtle" size="compact-sm" onClick={() => onChoose(current)}>
            Reset
          </Button>
        </span>
      )}
      {error && <Refused error={error} />}
      {naming && (
        <SaveDialog
          state={state}
          kept={kept}
          save={acts.save}
          onClose={() => setNaming(false)}
          onSaved={onView}
        />
      )}
    </>
  );
}

interface DialogProps {
  state: string;
  kept: string;
  save: ViewActs["save"];
  onClose: () => void;
  onSaved: (view: string) => void;
}

function SaveDialog({ state, kept, save, onClose, onSaved }: DialogProps) {
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
        <p className="dim">{kept} are kept.</p>
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
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
            Save view
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
