import assert from "node:assert/strict";
import { type Clock, isFsError, plainFs, readSmallFile, systemClock } from "../sys/mod.ts";
import { findDigest, findEpisodeId, findHostId, findStamp } from "../episode/mod.ts";
import {
  type FakeReceiver,
  must,
  problemResponse,
  receiptOf,
  receiptResponse,
  sha256,
  startFakeReceiver,
} from "../../tests/fakes/receiver.ts";
import { startRelay } from "../../tests/fakes/relay.ts";
import type { Answer, Transport, Upload } from "./answer.ts";
import { createTransport } from "./transport.ts";

const KIB = 1024;
const PIECE = 64 * KIB;
const host = must(findHostId("lab-host-01"));
const PATH = "/v1/episodes/lab-host-01/e1";

/** Real time, but nobody waits: every sleep is noted and over at once, except the limits of requests. */
class FastClock implements Clock {
  readonly waits: number[] = [];
  #skippedMs = 0;
  now = () => systemClock.now() + this.#skippedMs;
  monotonic = () => systemClock.monotonic() + this.#skippedMs;
  sleep = (ms: number, signal?: AbortSignal) => {
    // The limits of a connection and of requests.
    if (ms === 0 || ms === 10_000 || ms > 59_999) return systemClock.sleep(ms, signal);
    this.waits.push(ms);
    this.#skippedMs += ms;
    return Promise.resolve();
  };
}

class Lab implements AsyncDisposable {
  readonly clock = new FastClock();
  readonly progress: number[] = [];
  readonly upload: Upload;

  private constructor(
    readonly directory: string,
    readonly bytes: Uint8Array<ArrayBuffer>,
    readonly receiver: FakeReceiver,
  ) {
    this.upload = {
      id: must(findEpisodeId("e1")),
      archive: `${directory}/e1.tar.zst`,
      archiveBytes: bytes.byteLength,
      archiveDigest: must(findDigest(sha256(bytes))),
      episodeDigest: must(findDigest("e".repeat(64))),
      stamp: findStamp("c".repeat(40)),
    };
  }

  static async create(sizeBytes: number): Promise<Lab> {
    const directory = await Deno.makeTempDir({ prefix: "cis490-upload-" });
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
    const lab = new Lab(directory, bytes, startFakeReceiver());
    await Deno.writeFile(lab.upload.archive, bytes);
    return lab;
  }

  transport(port = this.receiver.port, firstPieceBytes = PIECE): Transport {
    return createTransport({ clock: this.clock, fs: plainFs(), readFile: readSmallFile }, {
      url: `http://127.0.0.1:${port}`,
      host,
      version: "0",
      readToken: () => "secret",
      certificates: undefined,
      firstPieceBytes,
    });
  }

  /** One upload through a transport of its own, as after a restart. */
  async send(
    port?: number,
    signal = new AbortController().signal,
    upload = this.upload,
  ): Promise<Answer> {
    const transport = this.transport(port);
    try {
      return await transport.upload(upload, (bytes) => this.progress.push(bytes), signal);
    } finally {
      transport.close();
    }
  }

  assertStored(answer: Answer): void {
    assert.equal(answer.kind, "stored", JSON.stringify(answer));
    assert.equal(sha256(must(this.receiver.stored.get(PATH))), this.upload.archiveDigest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.receiver[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

Deno.test("an archive of one piece goes in one request, with its digests and stamp", async () => {
  await using lab = await Lab.create(PIECE);
  let seen: Record<string, string> = {};
  lab.receiver.interfere = (request) => {
    seen = Object.fromEntries(request.headers);
    return undefined;
  };
  const answer = await lab.send();
  lab.assertStored(answer);
  assert.ok(answer.kind === "stored" && !answer.already);
  assert.deepEqual(lab.receiver.requests, [`PUT ${PATH} ${PIECE}`]);
  assert.equal(seen["content-type"], "application/zstd");
  assert.equal(seen["content-length"], `${PIECE}`);
  assert.equal(seen["cis490-code-commit"], "c".repeat(40));
  assert.match(seen["repr-digest"] ?? "", /^sha-256=:.{44}:$/);
  assert.match(seen["cis490-episode-digest"] ?? "", /^sha-256=:.{44}:$/);
  assert.equal(seen["upload-complete"], undefined);
  assert.deepEqual(lab.progress, [PIECE]);
});

Deno.test("an episode without a stamp is sent without one", async () => {
  await using lab = await Lab.create(10);
  let stamp: string | null = "?";
  lab.receiver.interfere = (request) => {
    stamp = request.headers.get("cis490-code-commit");
    return problemResponse("unstamped");
  };
  const answer = await lab.send(undefined, undefined, { ...lab.upload, stamp: undefined });
  assert.ok(answer.kind === "refused" && answer.name === "unstamped");
  assert.equal(stamp, null);
});

Deno.test("a larger archive is announced, then goes in pieces that grow with the link", async () => {
  await using lab = await Lab.create(700 * KIB + 5);
  lab.assertStored(await lab.send());
  assert.equal(lab.receiver.requests[0], `PUT ${PATH} 0`);
  assert.deepEqual(lab.receiver.pieces, [64 * KIB, 256 * KIB, 380 * KIB + 5]);
  assert.deepEqual(lab.progress, [0, 64 * KIB, 320 * KIB, 700 * KIB + 5]);
});

Deno.test("no piece is larger than the receiver takes", async () => {
  await using lab = await Lab.create(200 * KIB);
  lab.receiver.maxPieceBytes = 90 * KIB;
  lab.assertStored(await lab.send());
  assert.deepEqual(lab.receiver.pieces, [64 * KIB, 90 * KIB, 46 * KIB]);
});

Deno.test("an announcement is refused before a byte of the archive is sent", async () => {
  await using lab = await Lab.create(2 * PIECE);
  lab.receiver.interfere = () => problemResponse("out-of-window", { "retry-after": "60" });
  const answer = await lab.send();
  assert.ok(answer.kind === "refused" && answer.name === "out-of-window");
  assert.equal(answer.retryAfterMs, 60_000);
  assert.deepEqual(lab.receiver.requests, [`PUT ${PATH} 0`]);
});

Deno.test("what is stored already is not sent again", async () => {
  await using lab = await Lab.create(2 * PIECE);
  lab.receiver.stored.set(PATH, lab.bytes);
  const answer = await lab.send();
  assert.ok(answer.kind === "stored" && answer.already);
  assert.deepEqual(lab.receiver.requests, [`PUT ${PATH} 0`]);
});

Deno.test("after a cut the next try goes on where the receiver's synced bytes end", async () => {
  await using lab = await Lab.create(1500 * KIB);
  await using relay = startRelay(lab.receiver.port);
  relay.cutAfterBytes = 700 * KIB;
  const answers: string[] = [];
  for (let tries = 0; tries < 10 && answers.at(-1) !== "stored"; tries++) {
    answers.push((await lab.send(relay.port)).kind);
  }
  assert.ok(relay.cuts > 1, `${relay.cuts} cuts`);
  assert.equal(answers.at(0), "unreachable");
  assert.equal(sha256(must(lab.receiver.stored.get(PATH))), lab.upload.archiveDigest);
  const synced = lab.receiver.pieces.reduce((sum, bytes) => sum + bytes);
  assert.equal(synced, lab.upload.archiveBytes, "no byte was synced twice");
});

Deno.test("one transport sends smaller pieces after a cut", async () => {
  await using lab = await Lab.create(1500 * KIB);
  await using relay = startRelay(lab.receiver.port);
  const transport = lab.transport(relay.port, 512 * KIB);
  const signal = new AbortController().signal;
  relay.cutAfterBytes = 100 * KIB;
  for (let tries = 0; tries < 3; tries++) {
    assert.equal((await transport.upload(lab.upload, () => {}, signal)).kind, "unreachable");
  }
  relay.cutAfterBytes = Infinity;
  lab.assertStored(await transport.upload(lab.upload, () => {}, signal));
  assert.equal(lab.receiver.pieces[0], 64 * KIB);
  transport.close();
});

Deno.test("a lost reply: the next try gets the receipt of what is stored", async () => {
  for (const size of [PIECE, 3 * PIECE]) {
    await using lab = await Lab.create(size);
    await using relay = startRelay(lab.receiver.port);
    lab.receiver.interfere = (request) => {
      relay.loseReplies = request.headers.get("upload-complete") !== "?0";
      return undefined;
    };
    const lost = await lab.send(relay.port);
    assert.ok(lost.kind === "unreachable" && lost.layer === "tcp", JSON.stringify(lost));
    relay.loseReplies = false;
    lab.receiver.interfere = () => undefined;
    const answer = await lab.send();
    lab.assertStored(answer);
    assert.ok(answer.kind === "stored" && answer.already);
  }
});

Deno.test("when the two ends disagree it announces again, and gives up after three fruitless ones", async () => {
  await using lab = await Lab.create(4 * PIECE);
  let times = 0;
  lab.receiver.interfere = (request) => {
    if (request.method !== "PATCH" || ++times !== 2) return undefined;
    return problemResponse("mismatching-upload-offset", { "upload-offset": "1" });
  };
  lab.assertStored(await lab.send());
  assert.equal(lab.receiver.requests.filter((line) => line === `PUT ${PATH} 0`).length, 2);

  await using other = await Lab.create(4 * PIECE);
  other.receiver.interfere = (request) =>
    request.method === "PATCH" ? problemResponse("upload-unknown") : undefined;
  const answer = await other.send();
  assert.ok(answer.kind === "refused" && answer.name === "upload-unknown");
  assert.equal(other.receiver.requests.length, 6, "three announcements, three pieces");
});

Deno.test("a verification is asked after, with Retry-After between, until it ends", async () => {
  for (const size of [PIECE, 3 * PIECE]) {
    await using lab = await Lab.create(size);
    let asked = 0;
    lab.receiver.interfere = (request) => {
      const isLast = request.headers.get("upload-complete") !== "?0";
      if (!isLast && asked === 0) return undefined;
      asked += 1;
      if (asked <= 4) return problemResponse("verifying", { "retry-after": "3" });
      lab.receiver.stored.set(PATH, lab.bytes);
      return receiptResponse(receiptOf(PATH, lab.bytes, "e".repeat(64)), 201);
    };
    lab.assertStored(await lab.send());
    assert.deepEqual(lab.clock.waits, [3000, 3000, 3000, 3000]);
    const sent = lab.receiver.requests.reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
    assert.equal(sent, size, "no byte is sent twice while it is verified");
  }
});

Deno.test("a verification that never ends is left to a later try", async () => {
  await using lab = await Lab.create(3 * PIECE);
  lab.receiver.interfere = () => problemResponse("verifying", { "retry-after": "59" });
  const answer = await lab.send();
  assert.ok(answer.kind === "refused" && answer.name === "verifying");
  const waited = lab.clock.waits.reduce((sum, ms) => sum + ms);
  assert.ok(waited > 30 * 60_000 && waited < 32 * 60_000, `${waited}`);
});

Deno.test("an upload whose bytes are all there is completed by an empty piece", async () => {
  await using lab = await Lab.create(2 * PIECE);
  lab.receiver.interfere = (request) => {
    // As if the receiver had been killed between the last byte and its verification.
    if (request.headers.get("upload-complete") !== "?1") return undefined;
    lab.receiver.interfere = () => undefined;
    return new Response(null, { status: 503 });
  };
  // A piece of the last bytes that is synced, and not completed:
  lab.receiver.maxPieceBytes = PIECE;
  assert.equal((await lab.send()).kind, "foreign");
  const rest = lab.bytes.slice(PIECE);
  const client = await fetch(
    `${lab.receiver.url}/v1/uploads/lab-host-01/e1/${lab.upload.archiveDigest}`,
    {
      method: "PATCH",
      headers: {
        "upload-offset": `${PIECE}`,
        "upload-complete": "?0",
        "content-digest": `sha-256=:${Uint8Array.fromHex(sha256(rest)).toBase64()}:`,
      },
      body: rest,
    },
  );
  assert.equal(client.status, 204);
  lab.assertStored(await lab.send());
  assert.match(lab.receiver.requests.at(-1) ?? "", /^PATCH .* 0$/);
});

Deno.test("strange answers in the middle end the try, and none of them is stored", async () => {
  const strangers: [string, () => Response][] = [
    ["a portal", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "http://x/" } })],
    ["a proxy's 413", () => new Response("", { status: 413 })],
    ["a bare 204", () => new Response(null, { status: 204 })],
    ["a bare 201", () => new Response(null, { status: 201, headers: { "upload-offset": "0" } })],
    [
      "another's receipt",
      () =>
        receiptResponse(
          receiptOf("/v1/episodes/lab-host-02/e1", new Uint8Array(), "e".repeat(64)),
          201,
        ),
    ],
  ];
  for (const [what, response] of strangers) {
    for (const method of ["PUT", "PATCH"]) {
      await using lab = await Lab.create(3 * PIECE);
      lab.receiver.interfere = (request) => request.method === method ? response() : undefined;
      const answer = await lab.send();
      assert.equal(answer.kind, "foreign", `${what} to ${method}: ${JSON.stringify(answer)}`);
    }
  }
});

Deno.test("an aborted signal ends the upload between two pieces; the next one goes on", async () => {
  await using lab = await Lab.create(10 * PIECE);
  lab.receiver.maxPieceBytes = PIECE;
  const stop = new AbortController();
  lab.receiver.interfere = () => {
    if (lab.receiver.pieces.length === 3) stop.abort();
    return undefined;
  };
  assert.deepEqual(await lab.send(undefined, stop.signal), { kind: "aborted" });
  lab.receiver.interfere = () => undefined;
  lab.assertStored(await lab.send());
  assert.ok(lab.progress.includes(3 * PIECE));
});

Deno.test("an archive that is gone, short, longer or another one is unreadable, and nothing is sent", async () => {
  await using lab = await Lab.create(PIECE);
  const bad: [string, Partial<Upload>][] = [
    ["gone", { archive: `${lab.directory}/none` }],
    ["short", { archiveBytes: PIECE + 1 }],
    ["longer", { archiveBytes: PIECE - 1 }],
    ["another", { archiveDigest: must(findDigest("0".repeat(64))) }],
    ["a directory", { archive: lab.directory }],
  ];
  for (const [what, change] of bad) {
    const answer = await lab.send(undefined, undefined, { ...lab.upload, ...change });
    assert.equal(answer.kind, "unreadable", what);
  }
  assert.deepEqual(lab.receiver.requests, []);
});

Deno.test("an archive that is cut short under the upload is unreadable", async () => {
  await using lab = await Lab.create(4 * PIECE);
  lab.receiver.interfere = async (request) => {
    if (request.method === "PATCH") await Deno.truncate(lab.upload.archive, PIECE + 10);
    return undefined;
  };
  const answer = await lab.send();
  assert.ok(answer.kind === "unreadable", JSON.stringify(answer));
  assert.match(answer.why, /ends at 65546 bytes/);
});

Deno.test("a bug is thrown, not taken for an answer", async () => {
  await using lab = await Lab.create(10);
  const transport = lab.transport();
  const broken = () => {
    throw new RangeError("a bug");
  };
  await assert.rejects(
    transport.upload(lab.upload, broken, new AbortController().signal),
    (error) => error instanceof RangeError && !isFsError(error),
  );
  transport.close();
});
