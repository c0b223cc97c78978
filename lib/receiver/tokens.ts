/**
 * The hosts' tokens. A token is 256 random bits, so its SHA-256 is as hard to guess as itself; only that is kept, in
 * a TOML file that `cis490 receive token` writes and the receiver reads again when it has changed.
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { parse, stringify, TomlDate, TomlError } from "smol-toml";
import * as v from "valibot";
import { type Digest, digestOfBytes, findDigest, findHostId, type HostId } from "../episode/mod.ts";
import type { Log } from "../events/mod.ts";
import {
  type Clock,
  findFile,
  isFsError,
  type NewFileOptions,
  OddFileError,
  type PlainFs,
  writeFileDurably,
} from "../sys/mod.ts";

/** What the file holds of one token. A host may have several, while one replaces another. */
export interface TokenRow {
  readonly host: HostId;
  readonly digest: Digest;
  /** RFC 3339, in UTC. */
  readonly created: string;
}

export class TokensError extends Error {
  override readonly name = "TokensError";

  constructor(
    readonly code: "malformed" | "no-directory",
    /** The file. */
    readonly subject: string,
    why: string,
    readonly hint: string,
  ) {
    super(`${subject}: ${why}`);
  }
}

const LIMIT_BYTES = 1024 * 1024;
const TOKEN_BYTES = 32;
const HEADING =
  "# The tokens of the lab hosts, as SHA-256. Written by `cis490 receive token add HOST`; the receiver\n" +
  "# reads it again when it has changed.\n\n";

const created = v.union([
  v.pipe(v.string(), v.isoTimestamp()),
  v.pipe(v.instance(TomlDate), v.transform((date) => date.toISOString())),
]);
const schema = v.strictObject({
  token: v.optional(v.array(v.strictObject({ host: v.string(), sha256: v.string(), created })), []),
});

export function digestOfToken(token: string): Digest {
  return digestOfBytes(createHash("sha256").update(token).digest());
}

/** A new token from 32 random bytes. */
export function formatToken(random: Uint8Array): string {
  if (random.byteLength !== TOKEN_BYTES) throw new RangeError(`a token has ${TOKEN_BYTES} bytes`);
  return random.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Reads the file; no rows when there is none. Throws {@link TokensError}, FsError. */
export function readTokens(fs: Pick<PlainFs, "openRead">, path: string): readonly TokenRow[] {
  const bytes = findFile(fs, path, LIMIT_BYTES);
  return bytes === undefined ? [] : parseTokens(new TextDecoder().decode(bytes), path);
}

function parseTokens(text: string, path: string): readonly TokenRow[] {
  const malformed = (why: string) =>
    new TokensError("malformed", path, why, "correct it, or restore it from a backup");
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw malformed(`line ${error.line} is not TOML`);
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw malformed(`${v.getDotPath(issue) ?? "the file"} is not as expected`);
  }
  return parsed.output.token.map(({ host, sha256, created }, at) => {
    const row = `token ${at + 1}`;
    const hostId = findHostId(host);
    const digest = findDigest(sha256);
    if (hostId === undefined) throw malformed(`${row} has a host that is none`);
    if (digest === undefined) throw malformed(`${row} has a sha256 that is not 64 hex digits`);
    return { host: hostId, digest, created };
  });
}

/** Replaces the file, whole or not at all, by one of these rows. */
export async function writeTokens(
  fs: Parameters<typeof writeFileDurably>[0],
  path: string,
  rows: readonly TokenRow[],
  options: NewFileOptions,
): Promise<void> {
  const token = rows.map(({ host, digest, created }) => ({
    host,
    sha256: digest,
    created: new TomlDate(created),
  }));
  const text = HEADING + stringify({ token }) + "\n";
  await writeFileDurably(fs, path, new TextEncoder().encode(text), options);
}

/** The file is looked at no more often than this. */
const LOOK_INTERVAL_MS = 1000;

/** The tokens as the receiver asks for them. */
export class Tokens {
  #rows: readonly (TokenRow & { readonly bytes: Uint8Array })[] = [];
  #version: string | undefined;
  #lookedMs = -Infinity;

  constructor(
    private readonly parts: {
      readonly fs: Pick<PlainFs, "openRead" | "lstat">;
      readonly clock: Clock;
      readonly log: Log;
    },
    private readonly path: string,
  ) {}

  /** The host whose token this is. Takes as long for a wrong token as for any. */
  findHost(token: string): HostId | undefined {
    this.#look();
    const presented = createHash("sha256").update(token).digest();
    let host: HostId | undefined;
    for (const row of this.#rows) {
      if (timingSafeEqual(presented, row.bytes)) host = row.host;
    }
    return host;
  }

  /** Reads the file again when it has changed; a file that can't be read leaves the tokens as they are. */
  #look(): void {
    const now = this.parts.clock.monotonic();
    if (now - this.#lookedMs < LOOK_INTERVAL_MS) return;
    this.#lookedMs = now;
    const version = this.#findVersion();
    if (version === this.#version) return;
    this.#version = version;
    try {
      const rows = readTokens(this.parts.fs, this.path);
      this.#rows = rows.map((row) => ({ ...row, bytes: Buffer.from(row.digest, "hex") }));
      this.parts.log("tokens-read", { path: this.path, tokens: rows.length });
    } catch (error) {
      const isExpected = error instanceof TokensError || error instanceof OddFileError ||
        isFsError(error);
      if (!isExpected) throw error;
      this.parts.log("tokens-unreadable", { path: this.path, why: error.message });
    }
  }

  #findVersion(): string {
    try {
      const { device, inode, mtimeNs, sizeBytes } = this.parts.fs.lstat(this.path);
      return `${device} ${inode} ${mtimeNs} ${sizeBytes}`;
    } catch (error) {
      if (!isFsError(error)) throw error;
      return error.errno;
    }
  }
}
