import assert from "node:assert/strict";
import { checkIsLocal } from "./metrics.ts";

function ask(peer: string | undefined, headers: Record<string, string> = {}): () => void {
  const request = new Request("http://receiver/metrics", { headers });
  return () => checkIsLocal({ request, peer });
}

Deno.test("metrics are for this machine: a unix socket or loopback, and no proxy between", () => {
  for (const peer of [undefined, "127.0.0.1", "127.0.1.1", "::1", "::ffff:127.0.0.1"]) {
    assert.doesNotThrow(ask(peer), `${peer}`);
    for (const field of ["cis490-client-name", "x-forwarded-for", "forwarded"]) {
      assert.throws(ask(peer, { [field]: "lab-1" }), { problem: "not-found" });
      assert.throws(ask(peer, { [field]: "" }), { problem: "not-found" }, "an empty one too");
    }
  }
  for (const peer of ["10.77.0.2", "::ffff:10.77.0.2", "::1234", "fe80::127.0.0.1", "128.0.0.1"]) {
    assert.throws(ask(peer), { problem: "not-found" }, peer);
  }
});
