/** `cis490 receive token add|list|revoke`: who may send episodes. */
import { loadReceiverConfig } from "../lib/config/mod.ts";
import {
  digestOfToken,
  formatToken,
  readTokens,
  type TokenRow,
  TokensError,
  writeTokens,
} from "../lib/receiver/mod.ts";
import { isFsError, type Owner, parentOf, plainFs, systemClock } from "../lib/sys/mod.ts";
import { formatTable, type Io } from "./print.ts";
import { receiverConfigFile } from "./receive.ts";
import { parseHost } from "./receive_store.ts";

interface ConfigArgs {
  readonly config: string | undefined;
}

const fs = plainFs();

/** Makes a token, prints it alone on its line, and keeps only its SHA-256. */
export async function add(args: ConfigArgs & { readonly host: string }, io: Io): Promise<number> {
  const host = parseHost(args.host, ["receive", "token", "add"]);
  const token = formatToken(crypto.getRandomValues(new Uint8Array(32)));
  const digest = digestOfToken(token);
  const path = await changeTokens(args, io, (rows) => [...rows, {
    host,
    digest,
    created: new Date(systemClock.now()).toISOString(),
  }]);
  io.stderr(`cis490: ${host} may send episodes with this token, which is shown only now:`);
  try {
    io.stdout(token);
  } catch (error) {
    // Nobody has seen it (a full disk behind `> file`), so nobody can use it, or would know to revoke it.
    await changeTokens(args, io, (rows) => rows.filter((row) => row.digest !== digest));
    throw error;
  }
  io.stderr(
    `cis490: its SHA-256 is in ${path}. On ${host}, put the token into the file that ` +
      "receiver.token_file of /etc/cis490/lab-host.toml names, mode 0640",
  );
  return 0;
}

/** Prints whose tokens there are. */
export async function list(
  args: ConfigArgs & { readonly json: boolean },
  io: Io,
): Promise<number> {
  const { tokensFile } = await loadReceiverConfig(receiverConfigFile(args.config, io));
  const rows = readTokens(fs, tokensFile);
  if (args.json) {
    io.json(rows.map(({ host, created, digest }) => ({ host, created, sha256: digest })));
  } else if (rows.length === 0) {
    io.stderr(`cis490: no host has a token; cis490 receive token add HOST makes one`);
  } else {
    const cells = rows.map(({ host, created, digest }) => [host, created, digest.slice(0, 12)]);
    for (const line of formatTable([["HOST", "CREATED", "SHA-256"], ...cells])) io.stdout(line);
  }
  return 0;
}

/** Takes all tokens of a host away. Exit code 1 when it has none. */
export async function revoke(
  args: ConfigArgs & { readonly host: string },
  io: Io,
): Promise<number> {
  const host = parseHost(args.host, ["receive", "token", "revoke"]);
  let revoked = 0;
  const path = await changeTokens(args, io, (rows) => {
    const kept = rows.filter((row) => row.host !== host);
    revoked = rows.length - kept.length;
    return kept;
  });
  if (revoked === 0) {
    io.stderr(`cis490: ${host} has no token in ${path}; cis490 receive token list shows who has`);
    return 1;
  }
  io.stderr(`cis490: ${revoked} of ${host}'s tokens revoked; the receiver notices within a second`);
  return 0;
}

/** Replaces the file's rows, alone; returns where it is. Throws ConfigError, TokensError, FsError. */
async function changeTokens(
  { config }: ConfigArgs,
  io: Io,
  change: (rows: readonly TokenRow[]) => readonly TokenRow[],
): Promise<string> {
  const { tokensFile: named, storeDir } = await loadReceiverConfig(receiverConfigFile(config, io));
  const tokensFile = followLinks(named);
  using directory = openDirectory(parentOf(tokensFile), tokensFile);
  // flock(2), until the process ends: of two commands at once neither may lose the other's token.
  directory.lockSync(true);
  const before = readTokens(fs, tokensFile);
  const after = change(before);
  if (after.length !== before.length) {
    const owner = ownerOf(tokensFile, storeDir);
    await writeTokens(fs, tokensFile, after, { mode: 0o640, ...(owner && { owner }) });
  }
  return tokensFile;
}

/** The file itself is to be replaced, not a link to it. */
function followLinks(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    // Not there yet; what else is wrong with it is told by whoever reads it.
    if (error instanceof Error) return path;
    throw error;
  }
}

function openDirectory(path: string, tokensFile: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TokensError(
      "no-directory",
      tokensFile,
      "its directory is missing",
      `mkdir -p ${path}`,
    );
  }
}

/** For root: its own file, readable by the group that the receiver runs with, which owns the store. */
function ownerOf(tokensFile: string, storeDir: string): Owner | undefined {
  if (Deno.uid() !== 0) return undefined;
  for (const path of [tokensFile, storeDir, parentOf(storeDir), parentOf(tokensFile)]) {
    try {
      return { uid: 0, gid: fs.lstat(path).gid };
    } catch (error) {
      if (!isFsError(error, "gone")) throw error;
    }
  }
  return undefined;
}
