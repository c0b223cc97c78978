/** `cis490 receive export`: a stored episode as a directory. */
import { findEpisodeId, ID_GRAMMAR_WORDS } from "../lib/episode/mod.ts";
import { type EpisodeName, exportEpisode } from "../lib/receiver/mod.ts";
import { Libc, treeFs } from "../lib/sys/mod.ts";
import { formatBytes, formatCount } from "./format.ts";
import { type Io, printable } from "./print.ts";
import { openStore, parseHost, type StoreArgs } from "./receive_store.ts";
import { UsageError } from "./usage_error.ts";

const PATH = ["receive", "export"];

/** Exit code 1 when there is no such episode. Throws ConfigError, UsageError, StoreError, FsError. */
export async function run(
  args: StoreArgs & {
    readonly id: string;
    readonly dir: string;
    readonly host: string | undefined;
    readonly noProgress: boolean;
  },
  io: Io,
): Promise<number> {
  const id = findEpisodeId(args.id);
  if (id === undefined) throw new UsageError(`${args.id} is no id: ${ID_GRAMMAR_WORDS}`, PATH);
  const host = args.host === undefined ? undefined : parseHost(args.host, PATH);
  const directory = args.dir.replace(/(?<=.)\/+$/, "");
  if (directory === "") throw new UsageError("DIR is empty", PATH);

  const { view } = await openStore(args, io, PATH);
  const names = (await Array.fromAsync(view.names()))
    .filter((name) => name.id === id && (host === undefined || name.host === host));
  const [only, ...others] = names;
  if (others.length > 0) throw ambiguous(args.id, names);
  const receipt = only && await view.find(only.host, only.id);
  if (receipt === undefined) {
    const what = only === undefined
      ? "is not stored"
      : "has a receipt, but its archive is not whole, or the receipt can't be read";
    const next = only === undefined ? "list shows what is" : "scrub tells what is wrong";
    io.stderr(
      `cis490: ${id}${host === undefined ? "" : ` of ${host}`} ${what}; cis490 receive ${next}`,
    );
    return 1;
  }
  const bar = io.progress({ enabled: !args.noProgress });
  try {
    const fs = treeFs(new Libc());
    await exportEpisode(
      { store: view, fs },
      receipt,
      directory,
      (bytes) => bar.update(bytes / receipt.archive_bytes, formatBytes(bytes)),
    );
  } finally {
    bar.end();
  }
  const entries = formatCount(receipt.entries, "entry", "entries");
  io.stderr(
    `cis490: ${receipt.host}/${id} is in ${printable(directory)}: ${entries}, as its receipt says`,
  );
  return 0;
}

function ambiguous(id: string, names: readonly EpisodeName[]): UsageError {
  const hosts = names.map(({ host }) => host).sort();
  return new UsageError(`${id} is stored for ${hosts.join(", ")}: say which by --host`, PATH);
}
