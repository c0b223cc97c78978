/** `cis490 receive reconcile`: does the store have what a lab host's receipts say? */
import { parseReceipts, reconcile, RECONCILED, type Reconciled } from "../lib/receiver/mod.ts";
import { formatCount } from "./format.ts";
import { formatTable, type Io, printable } from "./print.ts";
import { openStore, type StoreArgs } from "./receive_store.ts";
import { UsageError } from "./usage_error.ts";

const PATH = ["receive", "reconcile"];
/** Some 300,000 receipts; they are kept in memory. */
const LIMIT_BYTES = 256 * 1024 * 1024;

/** Exit code 0: the store has all of them; 1: it does not. Throws ConfigError, UsageError, StoreError, FsError. */
export async function run(
  args: StoreArgs & { readonly file: string; readonly json: boolean },
  io: Io,
): Promise<number> {
  const { storeDir, view } = await openStore(args, io, PATH);
  const name = args.file === "-" ? "standard input" : args.file;
  const receipts = parseReceipts(await read(args.file, name), name);
  const found = await Array.fromAsync(reconcile(view, receipts));
  const of = (kind: Reconciled["kind"]) => found.filter((one) => one.kind === kind);
  if (args.json) {
    const lists = RECONCILED.map((kind) => [kind, of(kind).map(jsonOf)]);
    io.json({ store_dir: storeDir, ...Object.fromEntries(lists) });
  } else {
    const wrong = [...of("lacks"), ...of("different")];
    const rows = wrong.map(({ kind, receipt: { host, id, stored_at }, stored }) => [
      kind,
      `${host}/${id}`,
      stored === undefined
        ? `acknowledged ${stored_at}`
        : `acknowledged ${stored_at}, and another one ${stored.stored_at}`,
    ]);
    for (const line of formatTable(rows)) io.stdout(line);
  }
  const [has, lacks, different] = RECONCILED.map((kind) => of(kind).length);
  const all = formatCount(found.length, "receipt");
  io.stderr(`cis490: of ${all} the store has ${has}, lacks ${lacks}, has different ${different}`);
  if (found.length === 0) {
    // What an ssh that failed leaves is no proof that the store has everything.
    io.stderr(`cis490: ${printable(name)} holds no receipt, so this tells nothing`);
    return 1;
  }
  return has === found.length ? 0 : 1;
}

function jsonOf({ receipt, stored }: Reconciled) {
  return {
    host: receipt.host,
    id: receipt.id,
    episode_digest: `sha256:${receipt.episode_digest}`,
    stored_digest: stored === undefined ? null : `sha256:${stored.episode_digest}`,
  };
}

async function read(file: string, name: string): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let left = LIMIT_BYTES;
  try {
    const readable = file === "-" ? Deno.stdin.readable : (await Deno.open(file)).readable;
    for await (const chunk of readable) {
      chunks.push(chunk);
      left -= chunk.byteLength;
      if (left < 0) throw new UsageError(`${name} has more than ${LIMIT_BYTES} bytes`, PATH);
    }
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(`${name} can't be read: ${error.message}`, PATH);
  }
  return await new Blob(chunks).text();
}
