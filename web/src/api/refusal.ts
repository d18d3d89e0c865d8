export interface FieldProblem {
  location: string;
  problem: string;
}

interface RefusalParts {
  status: number;
  code: string;
  detail: string;
  requestId?: string | undefined;
  fields?: FieldProblem[] | undefined;
  extra?: Record<string, unknown> | undefined;
}

/** What the server answered instead of doing it. Show `message`, branch on `code`, never on text. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly fields: FieldProblem[];
  readonly extra: Record<string, unknown>;

  constructor(parts: RefusalParts) {
    super(parts.detail);
    this.name = "Refusal";
    this.status = parts.status;
    this.code = parts.code;
    this.requestId = parts.requestId;
    this.fields = parts.fields ?? [];
    this.extra = parts.extra ?? {};
  }
}

/** Reads a problem document (RFC 9457); anything else becomes a refusal that says so. */
export function refusalFrom(status: number, problem: unknown): Refusal {
  if (!isRecord(problem)) {
    return new Refusal({ status, code: "web.no_problem", detail: unexplained(status) });
  }
  return new Refusal({
    status,
    code: text(problem.code) ?? "web.no_code",
    detail: text(problem.detail) ?? unexplained(status),
    requestId: text(problem.request_id),
    fields: Array.isArray(problem.fields) ? problem.fields.filter(isFieldProblem) : [],
    extra: problem,
  });
}

function unexplained(status: number): string {
  return status >= 500
    ? `The server failed (${status}). Nothing was changed by this page.`
    : `The server refused the request (${status}) without saying why.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return isRecord(value) && typeof value.location === "string" && typeof value.problem === "string";
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
