const VERBS: Record<string, string> = {
  abort: "aborted",
  accept: "accepted",
  acknowledge: "acknowledged",
  act: "acted on",
  assign: "assigned",
  begin: "began",
  change: "changed",
  check: "checked",
  collect: "collected",
  comment: "commented on",
  complete: "completed",
  create: "created",
  decide: "decided",
  delete: "deleted",
  deploy: "deployed",
  describe: "described",
  edit: "edited",
  end: "ended",
  erase: "erased",
  export: "exported",
  finalize: "completed",
  finish: "finished",
  install: "loaded",
  invite: "invited",
  issue: "issued",
  join: "joined",
  log: "logged",
  promote: "promoted",
  protect: "protected",
  register: "registered",
  release: "released",
  remove: "removed",
  rename: "renamed",
  replay: "replayed",
  request: "requested",
  reset: "reset",
  resolve: "resolved",
  restore: "restored",
  revoke: "revoked",
  rotate: "rotated",
  set: "set",
  shift: "shifted traffic of",
  snooze: "snoozed",
  start: "started",
  stop: "stopped",
  tag: "tagged",
  test: "tested",
  transition: "moved",
  try: "tried",
  unprotect: "unprotected",
  untag: "untagged",
  update: "changed",
  wake: "woke",
  withdraw: "withdrew",
  write: "wrote",
};

const WHOLE: Record<string, string> = {
  decide_for_organisation: "set the organisation's switch of",
  decide_for_person: "set a person's switch of",
  complete_setup: "set up the installation as",
  auto_config: "chose the configuration of",
  capture_changed: "changed what is captured of",
  guard_rolled_back: "rolled back by a guard the",
  lane_switched_back: "switched to the original model of",
  outcomes_received: "received outcomes of",
  roll_out: "rolled out",
  roll_out_failed: "failed to roll out",
  rows_erased: "erased rows of",
  status_changed: "noted another state of",
  value_changed: "changed the value of outcomes of",
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
