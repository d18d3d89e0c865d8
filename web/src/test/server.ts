import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";

/** The network edge of the tests. A request nobody answers fails the test; features are on. */
export const server = setupServer(
  http.get("*/api/v1/flags", () => HttpResponse.json({ flags: { quick_deploy_enabled: true } })),
);

type Method = "get" | "post" | "patch" | "put" | "delete";

/** Answers one route: `answers("get", "/api/v1/home", {...})`; gives the list of bodies it was sent. */
export function answers(method: Method, path: string, body: unknown, status = 200): unknown[] {
  const sent: unknown[] = [];
  server.use(
    http[method](`*${path}`, async ({ request }) => {
      const text = await request.text();
      sent.push(text === "" ? null : JSON.parse(text));
      if (status === 204) return new HttpResponse(null, { status });
      return HttpResponse.json(body === undefined ? null : JSON.parse(JSON.stringify(body)), {
        status,
      });
    }),
  );
  return sent;
}

/** Refuses one route with a problem document. */
export function refuses(
  method: Method,
  path: string,
  status: number,
  code: string,
  detail: string,
  extra: Record<string, unknown> = {},
): void {
  const problem = {
    ...extra,
    type: "about:blank",
    title: "Refused",
    status,
    code,
    detail,
    request_id: "req-1",
  };
  answers(method, path, problem, status);
}
