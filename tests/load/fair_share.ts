/** One host with five hundred uploads at once, and one with a single one, from a process of its own. */
import assert from "node:assert/strict";
import { ask } from "../api/http.ts";
import type { TestReceiver } from "../api/receiver.ts";
import { putHeaders, type Sample, sample } from "../api/sample.ts";
import { quantiles, readMetrics, sleep, startReceiver } from "./crowd.ts";

export interface FairShareFigures {
  /** The single upload, in the crowd. */
  readonly medianMs: number;
  readonly longestMs: number;
  /** With nobody else there. */
  readonly aloneMs: number;
  /** Of the other host, while the single ones were sent one after the other. */
  readonly storedMeanwhile: number;
  readonly refusedMeanwhile: number;
}

const ARCHIVE_BYTES = 3_000_000;

/** Throws when the host with a single upload is refused anything, or the other one is not. */
export async function fairShare(uploads: number, singles: number): Promise<FairShareFigures> {
  await using receiver = await startReceiver();
  const [greedy, modest] = [await receiver.token("greedy"), await receiver.token("modest")];
  const what = sample(receiver.stamp, ARCHIVE_BYTES);
  const file = `${receiver.root}/archive`;
  await Deno.writeFile(file, what.bytes);
  const sendOne = (id: string) => putByCurl(receiver, modest, id, file, what);
  await sendOne("warm");
  const aloneMs = await sendOne("alone");

  let isOver = false;
  const counts = { stored: 0, refused: 0 };
  const headers = { ...putHeaders(what, receiver.stamp), authorization: `Bearer ${greedy}` };
  const crowd = Array.from({ length: uploads }, async (_, at) => {
    for (let time = 0; !isOver; time++) {
      const path = `/v1/episodes/greedy/run-${at}-${time}`;
      const put = { method: "PUT", path, headers, body: what.bytes };
      const answer = await ask(receiver.address, put).catch(() => undefined);
      if (answer?.status === 201) counts.stored++;
      if (answer?.problem === "too-many-uploads") {
        counts.refused++;
        await sleep(1000);
      }
    }
  });
  while (counts.refused === 0) await sleep(100);
  const before = { ...counts };
  const times: number[] = [];
  while (times.length < singles) times.push(await sendOne(`run-${times.length}`));
  const after = { ...counts };
  isOver = true;
  await Promise.all(crowd);
  const outcome = 'outcome="too-many-uploads"';
  const metrics = await readMetrics(receiver);
  assert.ok((metrics.get(`cis490_requests_total{route="/v1/episodes/*",${outcome}}`) ?? 0) > 0);
  return {
    medianMs: quantiles(times).median,
    longestMs: Math.max(...times),
    aloneMs,
    storedMeanwhile: after.stored - before.stored,
    refusedMeanwhile: after.refused - before.refused,
  };
}

/** How long it took, in ms. */
async function putByCurl(
  { address, stamp }: TestReceiver,
  token: string,
  id: string,
  file: string,
  what: Sample,
): Promise<number> {
  assert.ok(address.transport === "tcp");
  const fields = { ...putHeaders(what, stamp), authorization: `Bearer ${token}`, expect: "" };
  const { stdout } = await new Deno.Command("curl", {
    args: [
      ...["--silent", "--upload-file", file, "--output", "/dev/null"],
      ...["--write-out", "%{http_code} %{time_total}"],
      ...Object.entries(fields).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
      `http://${address.hostname}:${address.port}/v1/episodes/modest/${id}`,
    ],
  }).output();
  const [status, seconds] = new TextDecoder().decode(stdout).split(" ");
  assert.equal(status, "201");
  return Math.round(Number(seconds) * 1000);
}
