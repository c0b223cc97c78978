import assert from "node:assert/strict";
import { systemClock } from "../sys/mod.ts";
import { askReady, checkSelf, type Readiness } from "./self_check.ts";

const never = new AbortController().signal;

async function withServer(
  answer: () => Response | Promise<Response>,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/socket`;
  const server = Deno.serve({ path, onListen: () => {} }, answer);
  try {
    await use(path);
  } finally {
    await server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the own socket's answer is read, ready or not", async () => {
  const reasons = ["store: no space"];
  await withServer(
    () => Response.json({ ready: false, reasons }, { status: 503 }),
    async (path) => {
      assert.deepEqual(await askReady({ transport: "unix", path }, never), {
        ready: false,
        reasons,
      });
    },
  );
});

Deno.test("silence on the own socket is given up in time", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await withServer(() => promise, async (path) => {
    const asked = askReady({ transport: "unix", path }, AbortSignal.timeout(50));
    await assert.rejects(asked, /no answer/);
    resolve(new Response());
  });
});

Deno.test("another server on the own socket is no evidence", async () => {
  await withServer(() => new Response("hello"), async (path) => {
    await assert.rejects(askReady({ transport: "unix", path }, never));
  });
});

Deno.test("only answers are evidence, and silence is told once", async () => {
  const answers: (Readiness | undefined)[] = [
    { ready: true, reasons: [] },
    undefined,
    undefined,
    { ready: false, reasons: ["disk"] },
  ];
  const stop = new AbortController();
  const heard: boolean[] = [];
  const logged: string[] = [];
  await checkSelf(
    {
      clock: systemClock,
      log: (name) => logged.push(name),
      answered: ({ ready }) => heard.push(ready),
      ask: () => {
        const answer = answers.shift();
        if (answers.length === 0) stop.abort();
        return answer === undefined
          ? Promise.reject(new Error("silence"))
          : Promise.resolve(answer);
      },
    },
    { intervalMs: 1, deadlineMs: 1000 },
    stop.signal,
  );
  assert.deepEqual(heard, [true, false]);
  assert.deepEqual(logged, ["self-check-failed"]);
});
