const VERBS: Record<string, string> = {
  accept: "accepted",
  acknowledge: "acknowledged",
  act: "acted on",
  assign: "assigned",
  change: "changed",
  check: "checked",
  collect: "collected",
  comment: "commented on",
  complete: "completed",
  create: "created",
  delete: "deleted",
  deploy: "deployed",
  end: "ended",
  export: "exported",
  finalize: "completed",
  finish: "finished",
  install: "loaded",
  invite: "invited",
  issue: "issued",
  join: "joined",
  log: "logged",
  register: "registered",
  remove: "removed",
  rename: "renamed",
  replay: "replayed",
  request: "requested",
  resolve: "resolved",
  reset: "reset",
  restore: "restored",
  revoke: "revoked",
  set: "set",
  snooze: "snoozed",
  start: "started",
  stop: "stopped",
  test: "tested",
  transition: "moved",
  try: "tried",
  update: "changed",
  wake: "woke",
  withdraw: "withdrew",
};

const WHOLE: Record<string, string> = {
  sign_in: "signed in",
  sign_out: "signed out",
  sign_in_failed: "failed to sign in",
  roll_back: "rolled back",
  delete_permanently: "deleted",
  live: "put live the",
  comment: "commented on",
  reply: "replied on",
  edit_comment: "edited a comment on",
  delete_comment: "deleted a comment on",
  resolve_thread: "resolved a thread on",
  reopen_thread: "opened a thread again on",
};

/** An audit action as words: "deployments.create" on a deployment is "created deployment". */
export function happened(action: string, objectType: string): string {
  const verb = action.split(".").at(-1) ?? action;
  const object = objectType.replaceAll("_", " ");
  const whole = WHOLE[verb];
  if (whole) return verb.startsWith("sign") ? whole : `${whole} ${object}`;
  const [first = "", ...rest] = verb.split("_");
  const past = VERBS[first];
  if (!past) return `${verb.replaceAll("_", " ")} ${object}`;
  const what = rest.join(" ");
  if (what === "") return `${past} ${object}`;
  if (object.endsWith(what)) return `${past} ${object}`;
  return what.endsWith(object) ? `${past} ${what}` : `${past} ${what} of ${object}`;
}
