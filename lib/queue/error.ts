/** What keeps the queue from working at all. */

/**
 * `locked`: another shipper works on it. `split`: it lies on more than one file system, or something in it is no directory.
 * `denied`: this user may not change it. `read-only`: nobody may.
 */
export type QueueErrorCode = "locked" | "split" | "denied" | "read-only";

export class QueueError extends Error {
  override readonly name = "QueueError";

  constructor(
    readonly code: QueueErrorCode,
    /** The directory it is about. */
    readonly subject: string,
    message: string,
    /** What to do next. */
    readonly hint?: string,
  ) {
    super(message);
  }
}
