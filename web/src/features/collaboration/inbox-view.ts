export const INBOX_TABS = ["inbox", "unread", "activity"] as const;

/** What of the inbox is looked at; it stands in the address. */
export interface InboxView {
  tab: (typeof INBOX_TABS)[number];
  /** Of the activity: the first word of its actions, "" for all. */
  area: string;
  /** Of the activity: whose, "" for everybody's. */
  actor: string;
}
