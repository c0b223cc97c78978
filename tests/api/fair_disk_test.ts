import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import type { Answer } from "./http.ts";
import { TestReceiver } from "./receiver.ts";
import { digestField, sha256 } from "./sample.ts";

/** Announces an archive of so many bytes; `of` makes its digest. */
type Announce = (host: string, id: string, bytes: number, of?: string) => Promise<Answer>;

async function announcerOf(receiver: TestReceiver, hosts: readonly string[]): Promise<Announce> {
  const tokens = new Map<string, string>();
  for (const host of hosts) tokens.set(host, await receiver.token(host));
  return (host, id, bytes, of = id) =>
    receiver.ask({
      method: "PUT",
      path: `/v1/episodes/${host}/${id}`,
      headers: {
        "content-type": "application/zstd",
        "repr-digest": digestField(sha256(new TextEncoder().encode(of))),
        "cis490-episode-digest": digestField("1".repeat(64)),
        "cis490-code-commit": receiver.stamp,
        "upload-complete": "?0",
        "upload-length": `${Math.floor(bytes)}`,
      },
    }, tokens.get(host));
}

Deno.test("a host that announces nearly all of the disk leaves another its share of it", async () => {
  await using receiver = await TestReceiver.start({
    tables: "[limits]\nmax_archive_mb = 1073741824\nmax_partials_mb = 1073741824\nmin_free_mb = 16",
  });
  const announce = await announcerOf(receiver, ["greedy", "modest"]);
  const { bavail, bsize } = statfsSync(receiver.storeDir);
  const free = bavail * bsize;
  assert.equal((await announce("greedy", "a", 0.8 * free)).status, 201);
  const over = await announce("modest", "a", 0.7 * free);
  assert.equal(over.problem, "disk-reserve", "more than its share");
  assert.equal((await announce("modest", "a", 0.3 * free)).status, 201);
  assert.equal((await announce("greedy", "b", 0.1 * free)).problem, "disk-reserve");
  assert.equal((await receiver.ask({ method: "GET", path: "/readyz" })).status, 200);
});

Deno.test("the unfinished uploads of a host take no more than its share of what all may take", async () => {
  await using receiver = await TestReceiver.start({
    tables: "[limits]\nmax_partials_mb = 64\nmin_free_mb = 16",
  });
  const announce = await announcerOf(receiver, ["greedy", "modest"]);
  const MIB = 1024 * 1024;
  assert.equal((await announce("greedy", "a", 60 * MIB)).status, 201);
  assert.equal((await announce("greedy", "b", 5 * MIB)).problem, "too-many-uploads");
  const again = await announce("greedy", "a", 62 * MIB, "packed afresh");
  assert.equal(again.status, 201, "in the place of the one before");
  assert.equal((await announce("modest", "a", 33 * MIB)).problem, "too-many-uploads");
  assert.equal((await announce("modest", "a", 32 * MIB)).status, 201);
});
