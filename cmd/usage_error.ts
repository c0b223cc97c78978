/** A command line that can't be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(
    message: string,
    /** The words of the command that was meant, as far as it is known; its help is pointed to. */
    readonly path: readonly string[],
    /** A name that is not known, and those that are: for "did you mean …?" */
    readonly slip?: { readonly found: string; readonly known: readonly string[] },
  ) {
    super(message);
  }
}
