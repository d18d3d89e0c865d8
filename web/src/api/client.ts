import createClient from "openapi-fetch";
import { currentWorkspace } from "@/lib/workspace";
import { Refusal, refusalFrom } from "./refusal";
import type { paths } from "./schema.gen";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
let csrfToken: string | null = null;

/** Keeps the token of the signed-in session; the server wants it back on every change. */
export function rememberCsrf(token: string | null): void {
  csrfToken = token;
}

/** The typed client of the REST API: `api.GET("/api/v1/home", { signal })`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  fetch: (request: Request) => globalThis.fetch(request),
});

api.use({
  onRequest({ request }) {
    const workspace = currentWorkspace();
    if (workspace) request.headers.set("X-Modelyard-Workspace", workspace);
    if (csrfToken && !SAFE.has(request.method)) request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Unwraps an answer: the body, or a thrown `Refusal`. */
export function body<T>({ data, error, response }: Answer<T>): T {
  if (!response.ok || error !== undefined) throw refusalFrom(response.status, error);
  if (data === undefined) {
    throw new Refusal({
      status: response.status,
      code: "web.empty_answer",
      detail: "The server sent no answer.",
    });
  }
  return data;
}

/** Checks an answer that has no body (204, 202): nothing, or a thrown `Refusal`. */
export function done({ error, response }: Answer<unknown>): void {
  if (!response.ok) throw refusalFrom(response.status, error);
}
