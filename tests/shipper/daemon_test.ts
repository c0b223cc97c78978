/** Pass after pass: what wakes the daemon, and what it does not wait for. */
import assert from "node:assert/strict";
import { type DaemonParts, runDaemon } from "../../lib/shipper/mod.ts";
import { FsError, systemClock, type Watch, watchDirectory } from "../../lib/sys/mod.ts";
import { idOf, Lab, refusal, unreachable } from "./lab.ts";

async function until(condition: () => boolean): Promise<void> {
  for (let at = 0; at < 500 && !condition(); at++) await systemClock.sleep(10);
  assert.ok(condition(), "in 5 s");
}

const isShipped = (lab: Lab, id: string) => lab.existing(`shipped/${id}/episode`).length === 1;

/** A daemon that no tick wakes, with the real inotify. */
function start(lab: Lab, parts: Partial<DaemonParts> = {}): AsyncDisposable & { wake(): void } {
  const stop = new AbortController();
  const watch = watchDirectory(systemClock, lab.queue.layout.episodes);
  const daemon = runDaemon(
    lab.shop,
    { watch, passed: () => {}, ...parts },
    { scanIntervalMs: 60_000 },
    stop.signal,
  );
  return {
    wake: () => watch.poke(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await daemon;
      watch.close();
    },
  };
}

/** Holds back the answer to the upload of `id`, until it is let go. */
function hold(lab: Lab, ...ids: string[]): Disposable & { readonly letGo: () => void } {
  const held = Promise.withResolvers<void>();
  lab.receiver.answer = async (upload) => {
    if (ids.includes(upload.id)) await held.promise;
    return undefined;
  };
  return { letGo: held.resolve, [Symbol.dispose]: held.resolve };
}

/** Time passes only when nothing is in hand: each wait is a tick then. */
function ticking(lab: Lab, tick: (waits: number) => void): Watch {
  let waits = 0;
  return {
    poke() {},
    close() {},
    async wait(ms, signal) {
      await lab.shop.lanes.ended();
      if (signal.aborted) return "aborted";
      lab.clock.movedMs += ms;
      tick(++waits);
      return "tick";
    },
  };
}

Deno.test("what is recorded while another upload takes its time is shipped meanwhile", async () => {
  await using lab = await Lab.open({ uploads: 2 });
  {
    await using _daemon = start(lab);
    using slow = hold(lab, "slow");
    await lab.record("slow");
    await until(() => lab.receiver.uploads.length === 1);
    await lab.record("a");
    await until(() => isShipped(lab, "a"));
    await lab.record("b");
    await until(() => isShipped(lab, "b"));
    assert.equal(isShipped(lab, "slow"), false);
    slow.letGo();
    await until(() => isShipped(lab, "slow"));
  }
  assert.equal(lab.receiver.uploads.length, 3, "each was sent once");
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode that settles while another upload takes its time is shipped when it is ready", async () => {
  await using lab = await Lab.open({ uploads: 2, settleMs: 300 });
  {
    await using _daemon = start(lab);
    using slow = hold(lab, "slow");
    await lab.record("slow");
    await until(() => lab.receiver.uploads.length === 1);
    await lab.record("a");
    await until(() => isShipped(lab, "a"));
    slow.letGo();
  }
  assert.deepEqual(lab.faults(), []);
});

Deno.test("every slot taken, what is recorded waits for its turn, oldest first", async () => {
  await using lab = await Lab.open({ uploads: 1 });
  const packed: string[] = [];
  lab.beforePack = ({ episodePath }) => void packed.push(episodePath.split("/").at(-1) ?? "");
  const waiting: number[] = [];
  const passed: DaemonParts["passed"] = (summary) => waiting.push(summary?.counts.waiting ?? 0);
  {
    await using _daemon = start(lab, { passed });
    // Of short uploads there are two side by side.
    using slow = hold(lab, "slow", "slow2");
    for (const [at, id] of ["slow", "slow2"].entries()) {
      await lab.record(id);
      await until(() => lab.receiver.uploads.length === at + 1);
    }
    for (const id of ["a", "b", "c", "d"]) {
      await lab.record(id);
      // Each is seen in a pass of its own, while nothing can be sent.
      await until(() => lab.shop.lanes.has(idOf(id)));
    }
    slow.letGo();
    await until(() => isShipped(lab, "d"));
  }
  assert.deepEqual(packed, ["slow", "slow2", "a", "b", "c", "d"]);
  assert.ok(Math.max(...waiting) >= 4, `${waiting}`);
  assert.deepEqual(lab.faults(), []);
});

Deno.test("who wants everything tried now need not wait for the upload under way", async () => {
  await using lab = await Lab.open({ uploads: 2 });
  let isHurried = false;
  const takeHurry = () => {
    const was = isHurried;
    isHurried = false;
    return was;
  };
  {
    await using daemon = start(lab, { takeHurry });
    using slow = hold(lab, "slow");
    const { answer } = lab.receiver;
    let isBusy = true;
    lab.receiver.answer = (upload) => {
      if (upload.id === "a" && isBusy) return refusal("verifying", 60_000);
      return answer(upload);
    };
    await lab.record("slow");
    await lab.record("a");
    await until(() =>
      lab.existing("outbox/a.json").length === 1 && lab.named("try-failed").length > 0
    );
    isBusy = false;
    isHurried = true;
    daemon.wake();
    await until(() => isShipped(lab, "a"));
    slow.letGo();
  }
  assert.deepEqual(lab.faults(), []);
});

Deno.test("an episode that nobody may look at does not keep the daemon awake", async () => {
  let isDenied = false;
  await using lab = await Lab.open({
    settleMs: 200,
    wrap: (fs) => ({
      ...fs,
      list: (path) => {
        if (isDenied && path.endsWith("/a")) throw new FsError("open", path, "EACCES");
        return fs.list(path);
      },
    }),
  });
  await lab.record("a");
  let passes = 0;
  {
    await using _daemon = start(lab, { passed: () => void passes++ });
    await until(() => passes === 1);
    isDenied = true;
    await systemClock.sleep(1000);
  }
  assert.ok(passes < 5, `${passes} passes`);
});

Deno.test("the daemon ships what appears, ends at the signal, and leaves the queue clean", async () => {
  await using lab = await Lab.open();
  const stop = new AbortController();
  const watch = watchDirectory(systemClock, lab.queue.layout.episodes);
  const daemon = runDaemon(
    lab.shop,
    { watch, passed: () => {} },
    { scanIntervalMs: 60_000 },
    stop.signal,
  );
  await lab.record("a");
  await until(() => lab.existing("shipped/a/episode").length === 1);
  await lab.record("b");
  await until(() => lab.existing("shipped/b/episode").length === 1);
  stop.abort();
  await daemon;
  watch.close();
  assert.deepEqual(lab.faults(), []);
});

Deno.test("the daemon asks by ping whether the receiver is back, and then goes on", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  lab.receiver.answer = () => unreachable;
  const stop = new AbortController();
  const watch = ticking(lab, (waits) => {
    if (waits === 3) {
      lab.receiver.answer = () => undefined;
      lab.receiver.isAwake = true;
    }
    if (waits === 20) stop.abort();
  });
  await runDaemon(lab.shop, { watch, passed: () => {} }, { scanIntervalMs: 5_000 }, stop.signal);
  assert.deepEqual(lab.existing("shipped/a/episode"), ["shipped/a/episode"]);
  assert.equal(lab.receiver.uploads.length, 2, "one that failed, one that was stored");
  const said = lab.events.map(({ name }) => name).filter((name) => name.startsWith("receiver-"));
  // At once, and the failed pings in one line when it is over.
  assert.deepEqual(said, ["receiver-away", "receiver-away", "receiver-back"]);
});

Deno.test("the daemon says how many are held now and then, and once that there are none any more", async () => {
  await using lab = await Lab.open();
  await lab.record("a");
  await lab.record("b");
  lab.receiver.answer = () => refusal("out-of-window");
  const stop = new AbortController();
  let waited = 0;
  const watch = ticking(lab, (waits) => {
    waited = waits;
    if (waits === 70) lab.receiver.answer = () => undefined;
    if (waits === 80) stop.abort();
  });
  await runDaemon(
    lab.shop,
    { watch, passed: () => {}, takeHurry: () => waited === 70 },
    { scanIntervalMs: 5_000 },
    stop.signal,
  );
  assert.deepEqual(lab.existing("shipped/a/episode", "shipped/b/episode").length, 2);
  assert.deepEqual(lab.named("held").map((fields) => "count" in fields && fields.count), [2, 2, 0]);
});
