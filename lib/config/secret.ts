/** Secrets are read from files, kept out of every message, and never taken from a command line. */

/** A secret that shows itself only to who asks for it by name. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}

/** Why a secret could not be read. `missing` and `empty` may mend themselves: it is being put there. */
export type SecretErrorCode = "missing" | "empty" | "denied" | "malformed" | "no-credentials";

export class SecretError extends Error {
  override readonly name = "SecretError";

  constructor(
    readonly code: SecretErrorCode,
    /** The file, or the credential's name. */
    readonly subject: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`${subject}: ${why}`, options);
  }
}

/** A secret file above this is not one. */
const LIMIT_BYTES = 4096;

/**
 * Reads a secret: one line of printable ASCII, white space around it left out.
 *
 * @param source an absolute path, or `credential:NAME`
 * @param credentialsDirectory CREDENTIALS_DIRECTORY, which systemd sets (systemd.exec(5))
 * @throws SecretError
 */
export function readSecret(source: string, credentialsDirectory: string | undefined): Secret {
  const path = findPath(source, credentialsDirectory);
  const value = readText(path).trim();
  if (value === "") throw new SecretError("empty", path, "the file is empty");
  if (value.length > LIMIT_BYTES || !/^[\x21-\x7e]+$/.test(value)) {
    throw new SecretError("malformed", path, "not one line of printable ASCII without spaces");
  }
  return new Secret(value);
}

function findPath(source: string, credentialsDirectory: string | undefined): string {
  const prefix = "credential:";
  if (!source.startsWith(prefix)) return source;
  if (credentialsDirectory === undefined) {
    throw new SecretError(
      "no-credentials",
      source,
      "CREDENTIALS_DIRECTORY is not set; the unit needs LoadCredential=, or name a file",
    );
  }
  return `${credentialsDirectory}/${source.slice(prefix.length)}`;
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new SecretError("missing", path, "no such file", { cause });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new SecretError("denied", path, "this user may not read it", { cause });
    }
    throw new SecretError("malformed", path, "not a readable file", { cause });
  }
}
