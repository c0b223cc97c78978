import assert from "node:assert/strict";
import { findStamp, type Stamp } from "../episode/mod.ts";
import { createLog } from "../events/mod.ts";
import { FsError } from "../sys/mod.ts";
import { parseWindow, type Window } from "../wire/mod.ts";
import { ModelFs } from "../../tests/model/filesystem.ts";
import { VirtualClock } from "../../tests/window/virtual_clock.ts";
import { LastKnown } from "./last_known.ts";

const PATH = "/window.json";
const HOUR_MS = 3600_000;

function stamp(digit: string): Stamp {
  const found = findStamp(digit.repeat(40));
  assert.ok(found);
  return found;
}

function setUp(branch = "main") {
  const fault: { errno: string | undefined; writes: number } = { errno: undefined, writes: 0 };
  const fs = new ModelFs(0n, (operation, path) => {
    if (operation === "write") fault.writes++;
    if (operation === "create" && fault.errno !== undefined) {
      throw new FsError(operation, path, fault.errno);
    }
    return undefined;
  });
  const clock = new VirtualClock();
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), { priority: false });
  const open = () => {
    const lastKnown = new LastKnown({ fs, clock, log }, { path: PATH, branch });
    lastKnown.load();
    return lastKnown;
  };
  const window = (...digits: string[]): Window => ({
    branch: "main",
    source: "forgejo",
    read_at: new Date(clock.now()).toISOString(),
    commits: digits.map(stamp),
  });
  return { fs, fault, clock, lines, open, window };
}

async function write(fs: ModelFs, text: string): Promise<void> {
  const file = await fs.create(PATH);
  await file.write(new TextEncoder().encode(text));
}

function read(fs: ModelFs): Window | undefined {
  const file = fs.openRead(PATH);
  const bytes = new Uint8Array(file.stat().sizeBytes);
  file.read(bytes);
  return parseWindow(new TextDecoder().decode(bytes));
}

Deno.test("a window that was taken is there after a restart, with its age", async () => {
  const { open, clock, window } = setUp();
  const before = open();
  assert.equal(before.window, undefined);
  const taken = window("b", "a");
  before.take(taken);
  await before.settled();
  await clock.pass(5 * HOUR_MS);
  assert.equal(before.ageMs(), 5 * HOUR_MS);

  const after = open();
  assert.deepEqual(after.window, taken);
  assert.equal(after.ageMs(), 5 * HOUR_MS);
});

Deno.test("what is on the disk survives a power cut whole: the old window or the new one", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const { fs, open, window } = setUp();
    const lastKnown = open();
    lastKnown.take(window("a"));
    await lastKnown.settled();
    lastKnown.take(window("b", "a"));
    if (seed % 2 === 0) await lastKnown.settled();
    for (let step = 0; step < seed; step++) await Promise.resolve();
    fs.cutPower(() => seed / 20);
    const found = open().window?.commits.length;
    assert.ok(seed % 2 === 0 ? found === 2 : found === 1 || found === 2, `seed ${seed}: ${found}`);
  }
});

Deno.test("the age does not follow the wall clock, and a window from the future is young", async () => {
  const { open, clock, window } = setUp();
  const before = open();
  before.take(window("a"));
  await before.settled();
  clock.wallOffsetMs += 1000 * HOUR_MS;
  assert.equal(before.ageMs(), 0);
  clock.wallOffsetMs -= 2000 * HOUR_MS;
  assert.equal(open().ageMs(), 0);
});

Deno.test("the same commits are written again after ten minutes, others at once", async () => {
  const { open, fault, clock, window } = setUp();
  const lastKnown = open();
  const take = async (...digits: string[]) => {
    lastKnown.take(window(...digits));
    await lastKnown.settled();
    return fault.writes;
  };
  assert.equal(await take("a"), 1);
  await clock.pass(60_000);
  assert.equal(await take("a"), 1);
  assert.equal(await take("b", "a"), 2);
  await clock.pass(10 * 60_000);
  assert.equal(await take("b", "a"), 3);
});

Deno.test("one that came while another was being written is written by the next reading", async () => {
  const { fs, open, window } = setUp();
  const lastKnown = open();
  lastKnown.take(window("a"));
  lastKnown.take(window("b", "a"));
  await lastKnown.settled();
  lastKnown.take(window("b", "a"));
  await lastKnown.settled();
  assert.equal(read(fs)?.commits.length, 2);
});

Deno.test("a disk that can't be written is said once, and the window is known nevertheless", async () => {
  const { open, fault, lines, window } = setUp();
  fault.errno = "ENOSPC";
  const lastKnown = open();
  for (let i = 0; i < 3; i++) {
    lastKnown.take(window("a"));
    await lastKnown.settled();
  }
  assert.deepEqual(lastKnown.window?.commits, [stamp("a")]);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /event=window-not-kept path=\/window\.json why=".*ENOSPC"/);
  fault.errno = undefined;
  lastKnown.take(window("a"));
  await lastKnown.settled();
  assert.deepEqual(open().window?.commits, [stamp("a")]);
});

for (
  const [name, text, why] of [
    ["half a file", '{"branch":"ma', /is no window/],
    ["an empty file", "", /is no window/],
    ["another branch's window", undefined, /is of branch main/],
    ["a window with something that is no commit", '{"commits":["x"]}', /is no window/],
  ] as const
) {
  Deno.test(`${name} is told, and as good as none`, async () => {
    const { fs, open, lines, window } = setUp(text === undefined ? "other" : "main");
    await write(fs, text ?? JSON.stringify(window("a")));
    assert.equal(open().window, undefined);
    assert.match(lines.join("\n"), /event=window-failed source=last-known/);
    assert.match(lines.join("\n"), why);
  });
}
