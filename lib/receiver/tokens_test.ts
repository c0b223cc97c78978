import assert from "node:assert/strict";
import { findHostId } from "../episode/mod.ts";
import { createLog } from "../events/mod.ts";
import { plainFs, systemClock } from "../sys/mod.ts";
import {
  digestOfToken,
  formatToken,
  readTokens,
  Tokens,
  TokensError,
  writeTokens,
} from "./tokens.ts";

const HOST = findHostId("lab-1");

async function withFile(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "cis490-tokens-" });
  try {
    await use(`${directory}/tokens.toml`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("what was written is read again, and finds its host", async () => {
  await withFile(async (path) => {
    assert.ok(HOST);
    assert.deepEqual(readTokens(plainFs(), path), [], "no file: no tokens");
    const token = formatToken(new Uint8Array(32).fill(7));
    const row = { host: HOST, digest: digestOfToken(token), created: "2026-01-02T03:04:05.000Z" };
    await writeTokens(plainFs(), path, [row], {});
    assert.deepEqual(readTokens(plainFs(), path), [row]);

    const log = createLog(() => {}, { priority: false });
    const tokens = new Tokens({ fs: plainFs(), clock: systemClock, log }, path);
    assert.equal(tokens.findHost(token), HOST);
    assert.equal(tokens.findHost(token + "x"), undefined);
    assert.equal(tokens.findHost(""), undefined);
    assert.equal(tokens.findHost(row.digest), undefined, "the digest is no token");
  });
});

Deno.test("a file that was edited wrongly is named, with what is wrong, and without a digest", async () => {
  const sha256 = "ab".repeat(32);
  const cases: readonly (readonly [string, RegExp])[] = [
    ["[[token]\n", /line 1 is not TOML/],
    ["[[token]]\nhost = 1\n", /token\.0\.\w+ is not as expected/],
    [
      `[[token]]\nhost = "a/b"\nsha256 = "${sha256}"\ncreated = 2026-01-02T03:04:05Z\n`,
      /token 1 .*host/,
    ],
    [`[[token]]\nhost = "a"\nsha256 = "AB"\ncreated = 2026-01-02T03:04:05Z\n`, /token 1 .*sha256/],
  ];
  await withFile(async (path) => {
    for (const [text, words] of cases) {
      await Deno.writeTextFile(path, text);
      assert.throws(
        () => readTokens(plainFs(), path),
        (error) =>
          error instanceof TokensError && error.subject === path && words.test(error.message) &&
          !error.message.includes(sha256),
        text,
      );
    }
  });
});
