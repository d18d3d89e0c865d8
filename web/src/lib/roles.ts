/** The roles one can be given, strongest first. The owner is made by the setup. */
export const ROLES = [
  {
    value: "admin",
    label: "Admin",
    text: "Everything, including members, settings and the audit log.",
  },
  { value: "developer", label: "Developer", text: "Tracks, registers, deploys, and creates keys." },
  {
    value: "viewer",
    label: "Viewer",
    text: "Sees everything except prediction rows, changes nothing.",
  },
] as const;

export type GivenRole = (typeof ROLES)[number]["value"];

const RANK = ["viewer", "developer", "admin", "owner"];

/** The roles that somebody with this role may give. */
export const rolesUpTo = (role: string) =>
  ROLES.filter((one) => RANK.indexOf(one.value) <= RANK.indexOf(role));

/** Narrows what a select returns. */
export const isGivenRole = (value: string | null): value is GivenRole =>
  ROLES.some((role) => role.value === value);
