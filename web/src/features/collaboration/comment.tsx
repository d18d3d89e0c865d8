import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useState } from "react";
import { initials } from "@/lib/initials";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Markdown } from "@/ui/markdown";
import { Time } from "@/ui/time";
import { type About, type Comment, useRewrite, useTakeBack } from "./api";
import classes from "./collaboration.module.css";
import { Composer } from "./composer";

/** One comment: who, when, what; its author can change or delete it. */
export function CommentView({ about, comment }: { about: About; comment: Comment }) {
  const [editing, setEditing] = useState(false);
  const rewrite = useRewrite(about, comment.id);
  return (
    <div className={classes.comment} id={`comment-${comment.id}`}>
      <span className={classes.face} aria-hidden>
        {initials(comment.author_name)}
      </span>
      <div className={classes.said}>
        <div className={classes.byline}>
          <strong>{comment.author_name}</strong>
          <span className="small dim">
            <Time at={comment.created_at} />
            {comment.edited_at && !comment.deleted_at && (
              <>
                {" "}
                · edited <Time at={comment.edited_at} />
              </>
            )}
          </span>
          <span className={classes.grow} />
          <Actions about={about} comment={comment} onEdit={() => setEditing(true)} />
        </div>
        {comment.body === null ? (
          <p className="dim">
            Deleted by {comment.deleted_by_name} <Time at={comment.deleted_at} />
          </p>
        ) : editing ? (
          <Composer
            label="Edit comment"
            action="Save"
            autoFocus
            start={comment.body}
            send={rewrite}
            onDone={() => setEditing(false)}
            onCancel={() => setEditing(false)}
          />
        ) : (
          <Markdown text={comment.body} mentions={comment.mentions} />
        )}
      </div>
    </div>
  );
}

interface ActionsProps {
  about: About;
  comment: Comment;
  onEdit: () => void;
}

function Actions({ about, comment, onEdit }: ActionsProps) {
  const [asking, setAsking] = useState(false);
  const remove = useTakeBack(about, comment.id);
  if (!comment.may_edit && !comment.may_delete) return null;
  return (
    <>
      <Menu position="bottom-end" width={150}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={26}
            aria-label={`Actions for the comment by ${comment.author_name}`}
          >
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {comment.may_edit && <Menu.Item onClick={onEdit}>Edit</Menu.Item>}
          {comment.may_delete && (
            <Menu.Item color="red" onClick={() => setAsking(true)}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title="Delete this comment?"
        confirmLabel="Delete comment"
        destructive
        onConfirm={() => remove.mutate(undefined, { onSuccess: () => setAsking(false) })}
        busy={remove.isPending}
        error={remove.error}
      >
        Its words disappear for everybody; the thread shows that a comment was here.
      </ConfirmDialog>
    </>
  );
}
