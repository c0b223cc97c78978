/** What crosses the border between the packer and its workers, with errors that keep their type. */
import { FsError } from "../sys/mod.ts";
import { ArchiveError } from "./error.ts";
import type { Packed, PackJob } from "./pack.ts";

/** A job goes in as the message; its port carries the rest. */
export type ToWorker = PackJob;

/** On the job's port, to the worker. */
export type FromPacker = { readonly kind: "abort" };

/** On the job's port, from the worker. */
export type FromWorker =
  | { readonly kind: "progress"; readonly tarBytes: number }
  | { readonly kind: "packed"; readonly packed: Packed }
  | { readonly kind: "failed"; readonly failure: Failure };

/** An error as plain data: a class does not survive the structured clone. */
export type Failure =
  | {
    readonly kind: "archive";
    readonly code: ArchiveError["code"];
    readonly subject: string;
    readonly detail: string;
  }
  | {
    readonly kind: "fs";
    readonly operation: string;
    readonly subject: string;
    readonly errno: string;
  }
  | { readonly kind: "aborted" }
  | { readonly kind: "bug"; readonly stack: string };

export function formatFailure(error: unknown, isAborted: boolean): Failure {
  if (error instanceof ArchiveError) {
    const { code, subject, detail } = error;
    return { kind: "archive", code, subject, detail };
  }
  if (error instanceof FsError) {
    const { operation, subject, errno } = error;
    return { kind: "fs", operation, subject, errno };
  }
  if (isAborted) return { kind: "aborted" };
  return { kind: "bug", stack: error instanceof Error ? error.stack ?? error.message : `${error}` };
}

/** The error again; `abortReason` is what an aborted job ends with. */
export function parseFailure(failure: Failure, abortReason: unknown): unknown {
  switch (failure.kind) {
    case "archive":
      return new ArchiveError(failure.code, failure.subject, failure.detail);
    case "fs":
      return new FsError(failure.operation, failure.subject, failure.errno);
    case "aborted":
      return abortReason;
    case "bug":
      return new Error(`the pack worker failed: ${failure.stack}`);
    default:
      return failure satisfies never;
  }
}
