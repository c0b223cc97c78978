/** Several clients, or one that is impatient, send episodes of the same name at the same time. */
import assert from "node:assert/strict";
import { sample as choose } from "../faults/sweep.ts";
import type { Answer } from "./http.ts";
import { TestReceiver } from "./receiver.ts";
import { announceHeaders, pieceHeaders, putHeaders, type Sample, sample } from "./sample.ts";

const ROUNDS = 14;
const CLIENTS = 6;
/** What a client may be told that loses the race, beside the receipt. */
const OTHERS = ["busy", "verifying", "different-episode", "upload-unknown"];
const OFFSET = "mismatching-upload-offset";

class Client {
  constructor(
    readonly receiver: TestReceiver,
    readonly token: string,
    readonly id: string,
    readonly what: Sample,
  ) {}

  get path(): string {
    return `/v1/episodes/lab-1/${this.id}`;
  }

  put(): Promise<Answer> {
    const headers = putHeaders(this.what, this.receiver.stamp);
    return this.ask({ method: "PUT", path: this.path, headers, body: this.what.bytes });
  }

  /** In three pieces; the last answer. */
  async pieces(): Promise<Answer> {
    const { bytes, archiveDigest } = this.what;
    const headers = announceHeaders(this.what, this.receiver.stamp);
    let answer = await this.ask({ method: "PUT", path: this.path, headers });
    let offset = Number(answer.headers.get("upload-offset") ?? bytes.byteLength);
    while (answer.status < 300 && offset < bytes.byteLength) {
      const piece = bytes.subarray(offset, offset + Math.ceil(bytes.byteLength / 3));
      const isLast = offset + piece.byteLength === bytes.byteLength;
      answer = await this.ask({
        method: "PATCH",
        path: `/v1/uploads/lab-1/${this.id}/${archiveDigest}`,
        headers: pieceHeaders(piece, offset, isLast),
        body: piece,
      });
      offset += piece.byteLength;
    }
    return answer;
  }

  /** Until it is stored, or another one is. */
  async persist(): Promise<Answer> {
    for (const end = Date.now() + 20_000;;) {
      const answer = await this.put();
      if (answer.status !== 503 || Date.now() > end) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  ask(what: Parameters<TestReceiver["ask"]>[0]): Promise<Answer> {
    return this.receiver.ask(what, this.token);
  }
}

/** The digest of the episode that an answer says is stored; undefined when it says nothing of the kind. */
function storedBy(answer: Answer): string | undefined {
  if (answer.headers.get("content-type") !== "application/vnd.cis490.receipt+json") {
    return undefined;
  }
  assert.ok(answer.status === 200 || answer.status === 201, answer.text);
  return JSON.parse(answer.text).episode_digest;
}

Deno.test("PUTs and pieces of two episodes of one name, with crashes between: one copy, and no answer that is untrue", async () => {
  await using receiver = await TestReceiver.start();
  const token = await receiver.token("lab-1");
  const rivals = [sample(receiver.stamp, 400_000), sample(receiver.stamp, 300_000)] as const;
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  for (let round = 0; round < ROUNDS; round++) {
    const words = `round ${round} of seed ${seed}`;
    const clients = rivals.map((what) => new Client(receiver, token, `run-${round}`, what));
    const ways = clients.flatMap((client) =>
      Array.from({ length: CLIENTS / 2 }, () => [() => client.put(), () => client.pieces()]).flat()
    );
    const crashes = round % 2 === 1;
    const racing = choose(ways, CLIENTS, seed + round).map((send) =>
      send().catch((error) => {
        if (crashes && error instanceof Error) return undefined;
        throw error;
      })
    );
    if (crashes) {
      await new Promise((resolve) => setTimeout(resolve, (seed + round * 7) % 60));
      await receiver.crashAndRun();
    }
    const answers = (await Promise.all(racing)).filter((answer) => answer !== undefined);
    for (const answer of answers.filter((one) => storedBy(one) === undefined)) {
      const said = answer.problem ?? answer.text;
      assert.ok(
        OTHERS.includes(said) || said.includes(OFFSET),
        `${words}: ${answer.status} ${said}`,
      );
    }
    const told = new Set(answers.flatMap((answer) => storedBy(answer) ?? []));
    assert.ok(told.size <= 1, `${words}: ${told.size} episodes are said to be stored`);

    const ends = [];
    for (const client of clients) ends.push(await client.persist());
    const statuses = ends.map(({ status }) => status < 300 ? "stored" : status);
    assert.deepEqual(statuses.toSorted(), [409, "stored"], `${words}: ${ends[0]?.text}`);
    const [stored] = ends.flatMap((answer) => storedBy(answer) ?? []);
    for (const digest of told) assert.equal(digest, stored, words);
    assert.deepEqual(
      receiver.files().filter((path) => path.includes(`run-${round}`)),
      [".json", ".tar.zst"].map((suffix) => `episodes/lab-1/run-${round}${suffix}`),
      words,
    );
  }
});
