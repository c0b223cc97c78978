/** What must hold of a store, whatever happened to its receiver. Knows the layout by itself and imports nothing of the program. */
import { createHash } from "node:crypto";
import { HOST, IDS, type ReceiverRun, type Site, type Told } from "./receiver_run.ts";

/** The highest offset that the receiver said was synced, and the episodes that it said were stored. */
function promisesOf(told: readonly Told[]) {
  const ok = told.filter(({ answer }) => answer.status >= 200 && answer.status < 300);
  return {
    stored: new Set(ok.flatMap(({ id, stored }) => stored ? [id] : [])),
    offset: Math.max(
      0,
      ...ok.map(({ answer }) => Number(answer.headers.get("upload-offset") ?? 0)),
    ),
  };
}

/** Before anything is repaired: no name leads to less than all of its episode, and every promise is kept. */
export function checkStore(site: Site, run: ReceiverRun, told: readonly Told[]): string[] {
  const faults: string[] = [];
  const files = filesIn(run.store);
  const promised = promisesOf(told).stored;
  for (const id of IDS) {
    const path = `episodes/${HOST}/${id}`;
    const hasArchive = files.has(`${path}.tar.zst`);
    const hasReceipt = files.has(`${path}.json`);
    if (hasArchive && sha256(`${run.store}/${path}.tar.zst`) !== site.episodes[id].archiveDigest) {
      faults.push(`${id}.tar.zst is torn`);
    }
    if (hasReceipt && !hasArchive) faults.push(`${id} has a receipt and no archive`);
    if (hasReceipt && !isReceiptOf(site, run, id)) faults.push(`${id}.json is torn`);
    if (promised.has(id) && !hasReceipt) faults.push(`${id} was acknowledged, and is not stored`);
  }
  return faults;
}

/** After a restart: what was acknowledged is known, and what was synced of an upload counts. */
export async function checkAnswers(
  site: Site,
  run: ReceiverRun,
  told: readonly Told[],
): Promise<string[]> {
  const faults: string[] = [];
  const { stored, offset } = promisesOf(told);
  for (const id of stored) {
    const head = await run.ask({ method: "HEAD", path: `/v1/episodes/${HOST}/${id}` });
    if (head.status !== 200) faults.push(`${id} was acknowledged, and HEAD says ${head.status}`);
  }
  if (!stored.has("pieces") && offset > 0 && !await isWhole(run, "pieces")) {
    const path = `/v1/uploads/${HOST}/pieces/${site.episodes.pieces.archiveDigest}`;
    const head = await run.ask({ method: "HEAD", path });
    const now = Number(head.headers.get("upload-offset"));
    if (head.status !== 204 || now < offset) {
      faults.push(`${offset} bytes were synced; HEAD says ${head.status} and ${now}`);
    }
  }
  return faults;
}

/** When both were sent again: both are stored, and nothing else lies about. */
export function checkEnd(site: Site, run: ReceiverRun): string[] {
  const faults = checkStore(site, run, []);
  const names = [...filesIn(run.store)].filter((path) => path.includes("/")).sort();
  const expected = IDS.flatMap((id) => [".json", ".tar.zst"].map((suffix) => `${id}${suffix}`))
    .map((name) => `episodes/${HOST}/${name}`).sort();
  if (names.join() !== expected.join()) faults.push(`the store has ${names.join()}`);
  return faults;
}

/** A kill between the last piece's commit and its answer: it is stored, though nobody was told. */
async function isWhole(run: ReceiverRun, id: string): Promise<boolean> {
  return (await run.ask({ method: "HEAD", path: `/v1/episodes/${HOST}/${id}` })).status === 200;
}

function isReceiptOf(site: Site, run: ReceiverRun, id: typeof IDS[number]): boolean {
  const { archiveDigest, episodeDigest, bytes } = site.episodes[id];
  try {
    const receipt = JSON.parse(Deno.readTextFileSync(`${run.store}/episodes/${HOST}/${id}.json`));
    return receipt.host === HOST && receipt.id === id &&
      receipt.archive_digest === `sha256:${archiveDigest}` &&
      receipt.episode_digest === `sha256:${episodeDigest}` &&
      receipt.archive_bytes === bytes.byteLength;
  } catch {
    return false;
  }
}

function sha256(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

function filesIn(directory: string, prefix = ""): Set<string> {
  const found = new Set<string>();
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    if (!isDirectory) found.add(prefix + name);
    else for (const path of filesIn(`${directory}/${name}`, `${prefix}${name}/`)) found.add(path);
  }
  return found;
}
