/** The receiver's No: a problem of lib/wire, thrown, since it ends whatever was under way. */
import type { ProblemDetails, ProblemName } from "../wire/mod.ts";

export interface RefusalOptions extends ErrorOptions {
  /** Members of the problem besides `detail`. */
  readonly details?: Omit<ProblemDetails, "detail">;
  readonly headers?: Readonly<Record<string, string>>;
}

/** app.ts renders it; nothing else catches it, but to clean up. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly details: ProblemDetails;
  readonly headers: Readonly<Record<string, string>>;

  constructor(readonly problem: ProblemName, detail: string, options: RefusalOptions = {}) {
    super(detail, options);
    this.details = { ...options.details, detail };
    this.headers = options.headers ?? {};
  }
}

/** The header of a refusal that passes: seconds to wait. */
export function retryAfter(seconds: number): Readonly<Record<string, string>> {
  return { "retry-after": String(seconds) };
}
