/** Sends mutated requests to the compiled receiver, and looks at what it answers, what it keeps and how it fares. */
import assert from "node:assert/strict";
import { connect, readAll, send } from "../api/http.ts";
import { TestReceiver } from "../api/receiver.ts";
import { putHeaders, sample, sha256 } from "../api/sample.ts";
import { inParallel, MIB, sleep } from "../load/crowd.ts";
import { Dice } from "./dice.ts";
import { request } from "./requests.ts";

const HOSTS = Array.from({ length: 8 }, (_, at) => `lab-${at}`);
const LANES = 8;
/** A request waits 20 s for a verification; nothing here takes a second to verify. */
const ANSWER_MS = 30_000;
/** A whole request is answered sooner, and then closed. */
const END_MS = 200;
/** Looked at in between. */
const LOOK_EVERY = 500;

export interface FuzzFigures {
  readonly requests: number;
  readonly seconds: number;
  /** By status; 0 is a connection that was closed without an answer. */
  readonly answers: ReadonlyMap<number, number>;
  readonly stored: number;
  /** After each tenth of the requests. */
  readonly rssBytes: readonly number[];
}

/** The case `at` of a seed is the same in every run; ids, stamps and tokens are the run's own. */
export function diceOf(seed: number, at: number): Dice {
  return new Dice(seed ^ Math.imul(at + 1, 0x9e3779b1));
}

/** Throws, with seed and case, on whatever must not happen. */
export async function fuzz(seed: number, first: number, count: number): Promise<FuzzFigures> {
  await using receiver = await TestReceiver.start({
    isCompiled: true,
    tables: "[limits]\nmin_free_mb = 16\nmax_archive_mb = 8\nmax_unpacked_mb = 64",
  });
  const hosts: { readonly host: string; readonly token: string }[] = [];
  for (const host of HOSTS) hosts.push({ host, token: await receiver.token(host) });
  const target = { stamp: receiver.stamp, hosts };
  const bystander = await receiver.token("bystander");
  const outside = outsideOf(receiver);
  const answers = new Map<number, number>();
  const startedMs = performance.now();
  const rssBytes: number[] = [];
  const tenth = Math.ceil(count / 10);
  await inParallel(count, LANES, async (at) => {
    const number = first + at;
    const bytes = request(diceOf(seed, number), target);
    const name = `--seed=${seed} --first=${number} --count=1`;
    for (const status of await statusesOf(receiver, bytes, name)) {
      answers.set(status, (answers.get(status) ?? 0) + 1);
      const isAllowed = status < 500 || status === 503 || status === 507;
      assert.ok(isAllowed, `${name}: ${status}\n${receiver.log.slice(-2000)}`);
    }
    if (at % LOOK_EVERY === 0) {
      const alive = await receiver.ask({ method: "GET", path: "/healthz" });
      assert.equal(alive.status, 200, name);
      assert.deepEqual(outsideOf(receiver), outside, `${name}, or up to ${LOOK_EVERY} before`);
      checkNames(receiver.files(), name);
    }
    if (at % tenth === tenth - 1) rssBytes.push(receiver.rssBytes());
  });
  assert.deepEqual(outsideOf(receiver), outside);
  assert.doesNotMatch(receiver.log, /event=request-failed/);
  const stored = await checkStored(receiver);
  const good = sample(target.stamp, 1000);
  const put = await receiver.ask({
    method: "PUT",
    path: "/v1/episodes/bystander/afterwards",
    headers: putHeaders(good, target.stamp),
    body: good.bytes,
  }, bystander);
  assert.equal(put.status, 201, `it still serves: ${put.text}`);
  const seconds = (performance.now() - startedMs) / 1000;
  return { requests: count, seconds, answers, stored, rssBytes };
}

async function closeWriting(connection: Deno.Conn): Promise<void> {
  try {
    if ("closeWrite" in connection) await connection.closeWrite();
  } catch {
    // The receiver has closed it meanwhile.
  }
}

/**
 * What grows by less than this in the second half of a run is flat: V8 lets so much garbage pile up before it looks
 * (lib/archive/free_buffer.ts).
 */
export const FLAT_BYTES = 32 * MIB;

/** The statuses of all answers to `bytes`, one 0 if there is none. */
async function statusesOf(
  { address }: TestReceiver,
  bytes: Uint8Array,
  name: string,
): Promise<number[]> {
  const connection = await connect(address);
  const timer = setTimeout(() => connection.close(), ANSWER_MS);
  try {
    const reading = readAll(connection);
    const sending = send(connection, [bytes]);
    // Whoever waits for more than was sent is told that nothing comes.
    const isEnded = await Promise.race([reading.then(() => true), sleep(END_MS).then(() => false)]);
    if (!isEnded) await closeWriting(connection);
    const text = new TextDecoder("latin1").decode(await reading);
    await sending;
    const found = [...text.matchAll(/(?:^|\n|\})HTTP\/1\.[01] (\d{3})/g)].map(([, code]) =>
      Number(code)
    );
    return found.length === 0 ? [0] : found;
  } catch (error) {
    throw new Error(`${name}: no answer, and no end, in ${ANSWER_MS / 1000} s`, { cause: error });
  } finally {
    clearTimeout(timer);
    try {
      connection.close();
    } catch {
      // The timer was first.
    }
  }
}

/** Everything below the receiver's directory but its store, with sizes. */
function outsideOf({ root, storeDir }: TestReceiver): string[] {
  const found: string[] = [];
  const walk = (directory: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(directory)) {
      const path = `${directory}/${name}`;
      if (path === storeDir || path.includes("/.git/")) continue;
      if (isDirectory) walk(path);
      else found.push(`${path} ${Deno.lstatSync(path).size}`);
    }
  };
  walk(root);
  return found.sort();
}

const NAMES = new RegExp(
  `^(?:episodes/lab-\\d/[A-Za-z0-9][A-Za-z0-9._-]{0,127}\\.(?:json|tar\\.zst)` +
    `|uploads/lab-\\d/[A-Za-z0-9][A-Za-z0-9._-]{0,127}~` +
    `(?:[0-9a-f]{64}\\.(?:partial|json)(?:\\.new[^/]*)?|\\d+\\.(?:incoming|new|aside)))$`,
);

function checkNames(files: readonly string[], name: string): void {
  for (const file of files) assert.match(file, NAMES, name);
}

/** Every archive has its receipt, its digests and a tar stream that unpacks nowhere else; how many there are. */
async function checkStored(receiver: TestReceiver): Promise<number> {
  const archives = receiver.files().filter((file) => file.endsWith(".tar.zst"));
  for (const archive of archives) {
    const path = `${receiver.storeDir}/${archive}`;
    const receipt = JSON.parse(await Deno.readTextFile(path.replace(/\.tar\.zst$/, ".json")));
    const bytes = await Deno.readFile(path);
    assert.equal(receipt.archive_digest, `sha256:${sha256(bytes)}`, archive);
    const { success, stdout } = await new Deno.Command("zstd", { args: ["-q", "-dc", path] })
      .output();
    assert.ok(success, archive);
    assert.equal(receipt.episode_digest, `sha256:${sha256(stdout)}`, archive);
    const { stdout: names } = await new Deno.Command("tar", { args: ["--zstd", "-tf", path] })
      .output();
    for (const name of new TextDecoder().decode(names).split("\n")) {
      assert.doesNotMatch(name, /^\/|(?:^|\/)\.\.(?:\/|$)/, archive);
    }
  }
  return archives.length;
}
