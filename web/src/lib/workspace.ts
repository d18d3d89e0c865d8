const IN_PATH = /^\/w\/([^/]+)/;

/** The slug of the workspace that the address bar names, `null` outside of one. */
export function currentWorkspace(): string | null {
  const found = IN_PATH.exec(window.location.pathname)?.[1];
  return found ? decodeURIComponent(found) : null;
}
