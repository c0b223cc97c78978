import assert from "node:assert/strict";
import { systemClock } from "../sys/mod.ts";
import { withDeadline } from "./deadline.ts";

const never = () => new AbortController().signal;

Deno.test("what ends in time is handed on, and so is what it throws", async () => {
  const value = await withDeadline(systemClock, 1000, never(), () => Promise.resolve(7));
  assert.deepEqual(value, { kind: "done", value: 7 });
  await assert.rejects(
    withDeadline(systemClock, 1000, never(), () => Promise.reject(new Error("x"))),
    /^Error: x$/,
  );
});

Deno.test("what never ends is left behind after the time-out, its signal aborted", async () => {
  let seen: AbortSignal | undefined;
  const result = await withDeadline(systemClock, 10, never(), (signal) => {
    seen = signal;
    return new Promise(() => {});
  });
  assert.deepEqual(result, { kind: "timeout" });
  assert.equal(seen?.aborted, true);
});

Deno.test("an aborted signal ends the wait at once, also when it was aborted before", async () => {
  const stop = new AbortController();
  const waiting = withDeadline(systemClock, 60_000, stop.signal, () => new Promise(() => {}));
  stop.abort();
  assert.deepEqual(await waiting, { kind: "aborted" });
  let ran = false;
  const again = await withDeadline(systemClock, 60_000, stop.signal, () => {
    ran = true;
    return Promise.resolve();
  });
  assert.deepEqual([again, ran], [{ kind: "aborted" }, false]);
});
