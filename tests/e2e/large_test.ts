/**
 * A 2 GB episode and a backlog of small ones through both ends of the compiled binary, in little memory: a unit's MemoryMax=256M
 * would hold. CIS490_BACKLOG is how many small ones there are; docs/systemd.md has the figures of 10,000.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { needs } from "../skip.ts";
import { Lab, shell } from "./lab.ts";

const MIB = 1024 * 1024;
const LIMIT_BYTES = 256 * MIB;
const BACKLOG = Number(Deno.env.get("CIS490_BACKLOG") ?? "200");
/** Of a small one. */
const SMALL_BYTES = 20_000;

/** Telemetry-like: it shrinks to a third, and no two MiB are the same. */
async function writeTelemetry(path: string, sizeBytes: number): Promise<void> {
  const noise = randomBytes(MIB / 4);
  const text = new TextEncoder().encode(
    Array.from({ length: 20_000 }, (_, at) => `{"t":${at * 50},"cpu":${at % 97},"rss":4096}\\n`)
      .join(""),
  );
  const file = await Deno.create(path);
  const block = new Uint8Array(MIB);
  for (let at = 0; at < sizeBytes / MIB; at++) {
    for (let to = 0; to < block.length; to += text.length) {
      block.set(text.subarray(0, block.length - to), to);
    }
    block.set(createHash("sha256").update(`${at}`).digest());
    for (let byte = 0; byte < noise.length; byte += 64) noise[byte] = (noise[byte]! + at) & 255;
    block.set(noise, at % 8 * 1024 + 64);
    for (let written = 0; written < block.length;) {
      written += await file.write(block.subarray(written));
    }
  }
  file.close();
}

async function recordBacklog(lab: Lab): Promise<void> {
  for (let at = 0; at < BACKLOG; at++) {
    const noise = randomBytes(SMALL_BYTES);
    await lab.record(`small-${at}`, (directory) => Deno.writeFile(`${directory}/proc`, noise));
  }
}

Deno.test({
  ...needs(
    `a 2 GB episode and ${BACKLOG} small ones arrive whole, and neither end ever has 256 MiB resident`,
    { commands: ["zstd"] },
  ),
  async fn() {
    await using lab = await Lab.start();
    await recordBacklog(lab);
    await lab.record("large-1", (directory) => writeTelemetry(`${directory}/capture.pcap`, 2e9));
    const shipped = await lab.ship("--json");
    assert.equal(shipped.code, 0, shipped.stderr);
    const receiverPeak = lab.receiverPeakRssBytes();
    console.log(
      `peak RSS: shipper ${Math.round(shipped.peakRssBytes / MIB)} MiB, receiver ${
        Math.round(receiverPeak / MIB)
      } MiB`,
    );
    // A host that is slow enough asks again for what is stored by then.
    const { shipped: sent, already_stored: already } = JSON.parse(shipped.stdout);
    assert.equal(sent + already, BACKLOG + 1);
    const sum = await shell(`zstd -q -dc "$1" | sha256sum`, `${lab.stored}/large-1.tar.zst`);
    const receipt = await Deno.readTextFile(`${lab.shipped("large-1")}/receipt.json`);
    assert.ok(receipt.includes(`sha256:${sum.slice(0, 64)}`));
    assert.ok(shipped.peakRssBytes < LIMIT_BYTES, `${shipped.peakRssBytes}`);
    assert.ok(receiverPeak < LIMIT_BYTES, `${receiverPeak}`);
  },
});
