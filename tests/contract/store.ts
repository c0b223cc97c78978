/**
 * What every store must pass: the promises of lib/receiver/store.ts. A new store is one file, one line in cmd/, and a
 * call of {@link storeContract}.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type Digest,
  digestOfBytes,
  findEpisodeId,
  findHostId,
  findStamp,
} from "../../lib/episode/mod.ts";
import type { Announcement, Incoming, Reading, Store } from "../../lib/receiver/mod.ts";
import type { Receipt } from "../../lib/wire/mod.ts";

/** A store on a bench. */
export interface Bench extends AsyncDisposable {
  /** Opens it, also once more after a cut. */
  open(): Promise<Store>;
  /** Takes the process away, and the power where that can be modelled. */
  cut(): void;
  /** Moves the clock that the store dates its partials by. */
  advance(ms: number): void;
}

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

export const HOST = must(findHostId("lab-1"));
export const ID = must(findEpisodeId("run-1"));
const STAMP = must(findStamp("a".repeat(40)));

export function bytesOf(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    bytes[at] = (at * 31 + seed.charCodeAt(at % seed.length)) % 251;
  }
  return bytes;
}

function digest(bytes: Uint8Array): Digest {
  return digestOfBytes(createHash("sha256").update(bytes).digest());
}

export function receiptFor(bytes: Uint8Array, id = ID): Receipt {
  return {
    format: 1,
    host: HOST,
    id,
    episode_digest: digest(bytes),
    archive_digest: digest(bytes),
    archive_bytes: bytes.byteLength,
    tar_bytes: bytes.byteLength,
    entries: 1,
    code_commit: STAMP,
    stored_at: "2026-01-02T03:04:05.678Z",
    receiver: "1.2.3",
  };
}

export function announcementOf(bytes: Uint8Array, id = ID): Announcement {
  return {
    host: HOST,
    id,
    archiveDigest: digest(bytes),
    episodeDigest: digest(bytes),
    archiveBytes: bytes.byteLength,
    stamp: STAMP,
  };
}

export function readAll(reading: Reading): Uint8Array {
  const all: number[] = [];
  const block = new Uint8Array(64 * 1024);
  for (let count = reading.read(block); count > 0; count = reading.read(block)) {
    all.push(...block.subarray(0, count));
  }
  reading.close();
  return Uint8Array.from(all);
}

async function received(store: Store, bytes: Uint8Array, id = ID): Promise<Incoming> {
  const incoming = await store.receive(HOST, id);
  for (let at = 0; at < bytes.byteLength; at += 10_000) {
    await incoming.write(bytes.subarray(at, at + 10_000));
  }
  await incoming.finish();
  return incoming;
}

/** Registers the suite for the store called `name`. */
export function storeContract(name: string, start: () => Promise<Bench>): void {
  const test = (words: string, run: (bench: Bench) => Promise<void>) =>
    Deno.test({
      name: `${name}: ${words}`,
      // Files that are open at a cut are closed by the end of the process, which this one outlives.
      sanitizeResources: false,
      async fn() {
        await using bench = await start();
        await run(bench);
      },
    });

  test("what was stored is there after a cut, whole, and is listed", async (bench) => {
    const store = await bench.open();
    const bytes = bytesOf("a", 700_000);
    assert.equal(await store.find(HOST, ID), undefined);
    const incoming = await received(store, bytes);
    assert.equal(await store.find(HOST, ID), undefined, "not before its receipt");
    const commit = await store.putIfAbsent(incoming, receiptFor(bytes));
    assert.deepEqual(commit, { kind: "stored", receipt: receiptFor(bytes) });
    bench.cut();
    const again = await bench.open();
    assert.deepEqual(await again.find(HOST, ID), receiptFor(bytes));
    assert.deepEqual(readAll(again.openArchive(HOST, ID)), bytes);
    assert.deepEqual(await Array.fromAsync(again.receipts()), [receiptFor(bytes)]);
    assert.deepEqual(await Array.fromAsync(again.names()), [{ host: HOST, id: ID }]);
    assert.deepEqual(await again.unreceipted(), []);
  });

  test("of two writers one stores, and the other gets the first one's receipt", async (bench) => {
    const store = await bench.open();
    const rivals = [bytesOf("a", 1000), bytesOf("b", 2000), bytesOf("c", 3000)];
    const incoming = await Promise.all(rivals.map((bytes) => received(store, bytes)));
    const commits = await Promise.all(
      rivals.map((bytes, at) => store.putIfAbsent(must(incoming[at]), receiptFor(bytes))),
    );
    const kinds = commits.map(({ kind }) => kind).sort();
    assert.deepEqual(kinds, ["already", "already", "stored"]);
    const receipts = commits.map((commit) => "receipt" in commit ? commit.receipt : undefined);
    const [winner] = receipts;
    for (const receipt of receipts) assert.deepEqual(receipt, winner);
    const stored = rivals.find((bytes) => digest(bytes) === winner?.archive_digest);
    assert.deepEqual(readAll(store.openArchive(HOST, ID)), stored);
  });

  test("an interrupted request is never taken for an episode", async (bench) => {
    const store = await bench.open();
    const incoming = await store.receive(HOST, ID);
    await incoming.write(bytesOf("a", 500_000));
    bench.cut();
    const again = await bench.open();
    assert.equal(await again.find(HOST, ID), undefined);
    assert.deepEqual(await again.unreceipted(), []);
    assert.throws(() => again.openArchive(HOST, ID));
  });

  test("a partial's offset counts committed bytes alone, through any cut", async (bench) => {
    let store = await bench.open();
    const bytes = bytesOf("a", 900_000);
    const announcement = announcementOf(bytes);
    assert.equal(await store.findPartial(announcement), undefined);
    assert.equal((await store.announce(announcement)).offsetBytes, 0);
    bench.cut();
    store = await bench.open();
    const announced = must(await store.findPartial(announcement));
    const { touchedMs: _, ...rest } = announced;
    assert.deepEqual(rest, { ...announcement, offsetBytes: 0 });

    const first = await store.append(announcement);
    await first.write(bytes.subarray(0, 300_000));
    assert.equal((await first.commit()).offsetBytes, 300_000);
    const abandoned = await store.append(announcement);
    await abandoned.write(bytesOf("garbage", 400_000));
    await abandoned.abandon();
    assert.equal(must(await store.findPartial(announcement)).offsetBytes, 300_000);
    const torn = await store.append(announcement);
    await torn.write(bytesOf("garbage", 500_000));
    bench.cut();
    store = await bench.open();
    assert.equal((await store.announce(announcement)).offsetBytes, 300_000);
    assert.deepEqual(
      readAll(store.openPartial(announcement, 0)).subarray(0, 300_000),
      bytes.subarray(0, 300_000),
    );

    const last = await store.append(announcement);
    await last.write(bytes.subarray(300_000));
    assert.equal((await last.commit()).offsetBytes, bytes.byteLength);
    bench.cut();
    store = await bench.open();
    assert.deepEqual(readAll(store.openPartial(announcement, 0)), bytes);
    assert.deepEqual(readAll(store.openPartial(announcement, 299_999)), bytes.subarray(299_999));
    assert.deepEqual(readAll(store.openPartial(announcement, bytes.byteLength)).byteLength, 0);
    const commit = await store.putIfAbsent(announcement, receiptFor(bytes));
    assert.equal(commit.kind, "stored");
    await store.dropPartial(announcement);
    assert.equal(await store.findPartial(announcement), undefined);
    bench.cut();
    store = await bench.open();
    assert.deepEqual(readAll(store.openArchive(HOST, ID)), bytes);
  });

  test("partials are told apart by episode and archive", async (bench) => {
    const store = await bench.open();
    const [a, b] = [announcementOf(bytesOf("a", 10)), announcementOf(bytesOf("b", 20))];
    const other = announcementOf(bytesOf("a", 10), must(findEpisodeId("run-1.json")));
    for (const one of [a, b, other]) await store.announce(one);
    const digests = async (id = ID) =>
      (await store.partialsOf(HOST, id)).map(({ archiveDigest }) => archiveDigest).sort();
    assert.deepEqual(await digests(), [a.archiveDigest, b.archiveDigest].sort());
    assert.deepEqual(await digests(other.id), [other.archiveDigest]);
    const all = (await store.partials()).map(({ archiveDigest }) => archiveDigest).sort();
    assert.deepEqual(all, [a, b, other].map(({ archiveDigest }) => archiveDigest).sort());
    await store.dropPartial(a);
    assert.deepEqual(await digests(), [b.archiveDigest]);
    await store.dropPartial(a);
    assert.equal((await store.partials()).length, 2);
  });

  test("sweep removes partials whose last byte is too old, and those of stored episodes", async (bench) => {
    const store = await bench.open();
    const [old, young] = [announcementOf(bytesOf("a", 10)), announcementOf(bytesOf("b", 20))];
    const bytes = bytesOf("c", 30);
    const stored = announcementOf(bytes, must(findEpisodeId("stored")));
    await store.announce(old);
    bench.advance(10_000);
    await store.announce(young);
    await store.announce(stored);
    const incoming = await received(store, bytes, stored.id);
    await store.putIfAbsent(incoming, receiptFor(bytes, stored.id));
    await incoming.discard();
    await store.sweep(5_000);
    assert.equal(await store.findPartial(old), undefined);
    assert.ok(await store.findPartial(young));
    assert.equal(await store.findPartial(stored), undefined);
    assert.ok(await store.find(HOST, stored.id));
  });

  test("a probe leaves nothing, and space is told", async (bench) => {
    const store = await bench.open();
    await store.probe();
    assert.ok(store.space().freeBytes > 0);
    assert.deepEqual(await Array.fromAsync(store.receipts()), []);
  });
}
