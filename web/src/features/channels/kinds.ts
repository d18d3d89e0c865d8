import type { Channel } from "./api";

type Kind = Channel["kind"];

export const KIND_NAMES: Record<Kind, string> = {
  email: "E-mail",
  slack: "Slack",
  teams: "Microsoft Teams",
  pagerduty: "PagerDuty",
  webhook: "Webhook",
};

export const KINDS: Kind[] = ["email", "slack", "teams", "pagerduty", "webhook"];

export const HINTS: Record<Kind, string> = {
  email: "Needs a mail server of the installation.",
  slack: "The address of an incoming webhook.",
  teams: "The address of a workflow that starts when a webhook request is received.",
  pagerduty: "The integration key of an Events API v2 integration.",
  webhook: "Any https address of yours; each request is signed.",
};
