/**
 * The catalogue of a store with 20,000 episodes, by the compiled binary: made when it is not there, made anew when it is
 * damaged, put right when it is behind, and requests are answered all the while.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { bytesOf, receiptFor } from "../contract/store.ts";
import { Lab } from "../e2e/lab.ts";
import { findEpisodeId, findHostId } from "../../lib/episode/mod.ts";
import { formatReceipt } from "../../lib/wire/mod.ts";

const EPISODES = 20_000;
const HOSTS = 4;
/** Promised are ten seconds on a machine that has nothing else to do: so it may take as much of a processor. */
const LIMIT_CPU_MS = 10_000;

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

/** Puts `count` episodes into the store, whose archives are all the same bytes. */
function fill(storeDir: string, count: number): void {
  const bytes = bytesOf("archive", 300);
  const origin = `${storeDir}/../archive`;
  Deno.writeFileSync(origin, bytes);
  for (let at = 0; at < count; at++) {
    const host = must(findHostId(`lab-${at % HOSTS}`));
    const id = must(findEpisodeId(`run-${at}`));
    const path = `${storeDir}/episodes/${host}/${id}`;
    if (at < HOSTS) Deno.mkdirSync(`${storeDir}/episodes/${host}`, { recursive: true });
    Deno.linkSync(origin, `${path}.tar.zst`);
    Deno.writeTextFileSync(`${path}.json`, formatReceipt({ ...receiptFor(bytes, id), host }));
  }
}

/** Starts the receiver and asks it again and again until it says that the catalogue is checked. */
async function startAndAsk(lab: Lab) {
  const [url] = /http:[^"]*/.exec(await Deno.readTextFile(lab.hostConfig)) ?? [""];
  const authorization = `Bearer ${(await Deno.readTextFile(`${lab.root}/token`)).trim()}`;
  const begun = (await lab.receiverLog()).length;
  await lab.startReceiver();
  let answers = 0;
  let slowestMs = 0;
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    const askedMs = performance.now();
    const answer = await fetch(`${url}/v1/ping`, { method: "POST", headers: { authorization } });
    assert.equal(answer.status, 200, await answer.text());
    answers++;
    slowestMs = Math.max(slowestMs, performance.now() - askedMs);
    await new Promise((done) => setTimeout(done, 10));
    const log = (await lab.receiverLog()).slice(begun);
    const checked = /event=catalogue-checked episodes=(\d+) removed=(\d+) ms=(\d+)/.exec(log);
    if (checked === null) continue;
    const [episodes, removed, ms] = checked.slice(1).map(Number);
    return { log, answers, slowestMs, episodes, removed, ms, cpuMs: lab.receiverCpuMs() };
  }
  throw new Error("the catalogue was not checked within a minute");
}

const CASES: Readonly<Record<string, (path: string) => void>> = {
  "that is not there": () => {},
  "that was deleted": (path) => Deno.removeSync(path),
  "that was damaged": (path) => {
    using file = Deno.openSync(path, { write: true });
    for (let at = 4096 * 3; at < 4096 * 300; at += 4096) {
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(2048).fill(0x55));
    }
  },
  "that is behind, and ahead": (path) => {
    using database = new DatabaseSync(path);
    database.exec("DELETE FROM episodes WHERE host = 'lab-1'");
    database.exec("UPDATE episodes SET id = 'never-' || id WHERE host = 'lab-2'");
  },
};

Deno.test("a catalogue of 20,000 episodes is in order soon after the start, and requests are answered meanwhile", async (t) => {
  await using lab = await Lab.start();
  await lab.stopReceiver();
  const storeDir = `${lab.root}/store`;
  const path = `${storeDir}/catalogue.sqlite3`;
  await Deno.remove(path);
  fill(storeDir, EPISODES);
  for (const [words, prepare] of Object.entries(CASES)) {
    await t.step(`one ${words}`, async () => {
      prepare(path);
      const { log, answers, slowestMs, episodes, removed, ms, cpuMs } = await startAndAsk(lab);
      assert.equal(episodes, EPISODES);
      assert.equal(removed, words.includes("ahead") ? EPISODES / HOSTS : 0);
      assert.equal(log.includes("catalogue-failed"), words.includes("damaged"));
      assert.ok(cpuMs < LIMIT_CPU_MS, `${cpuMs} ms`);
      assert.ok(answers >= 3, `${answers} answers meanwhile`);
      console.log(
        `${words}: ${ms} ms, ${cpuMs} ms of a processor, ${answers} pings answered meanwhile, the slowest after ${
          Math.round(slowestMs)
        } ms, ` +
          `${Math.round(lab.receiverPeakRssBytes() / 2 ** 20)} MiB at most`,
      );
      await lab.stopReceiver();
      using database = new DatabaseSync(path, { readOnly: true });
      const listed = database.prepare("SELECT host || '/' || id AS name FROM episodes").all();
      const stored = [0, 1, 2, 3].flatMap((at) =>
        [...Deno.readDirSync(`${storeDir}/episodes/lab-${at}`)]
          .filter(({ name }) => name.endsWith(".json"))
          .map(({ name }) => `lab-${at}/${name.slice(0, -".json".length)}`)
      );
      assert.deepEqual(listed.map(({ name }) => String(name)).sort(), stored.sort());
    });
  }
  const list = ["receive", "list", "--config", lab.receiverConfig];
  for (const source of ["catalogue", "receipts"]) {
    const startedMs = performance.now();
    const { stdout } = await lab.run(list);
    assert.equal(stdout.trim().split("\n").length, EPISODES + 1);
    console.log(`receive list by the ${source}: ${Math.round(performance.now() - startedMs)} ms`);
    if (source === "catalogue") await Deno.remove(path);
  }
});
