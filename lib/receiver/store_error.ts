/** Why an operator's command on the store could not be done. */
export type StoreErrorCode =
  /** Something has the name already; nothing is overwritten. */
  | "taken"
  /** A directory that was to be there is not. */
  | "no-directory"
  /** What is stored is not what its receipt says. */
  | "damaged"
  /** It is no list of receipts. */
  | "unreadable";

export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly code: StoreErrorCode,
    readonly subject: string,
    message: string,
    /** What to do next. */
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
