import assert from "node:assert/strict";
import fc from "fast-check";
import { formatReceipt, HEADER, PROBLEM_NAMES, problemOf } from "../wire/mod.ts";
import { must, receiptOf } from "../../tests/fakes/receiver.ts";
import { findDigest, findEpisodeId, findHostId } from "../episode/mod.ts";
import {
  type Expected,
  readAcknowledged,
  readAnnounced,
  readPresence,
  readRefusal,
  readStored,
} from "./classify.ts";
import type { HttpAnswer } from "./http.ts";

const expected: Expected = {
  host: must(findHostId("lab-host-01")),
  id: must(findEpisodeId("e1")),
  episodeDigest: must(findDigest("e".repeat(64))),
};
const receipt = receiptOf("/v1/episodes/lab-host-01/e1", new Uint8Array(3), "e".repeat(64));
const RECEIPT_TYPE = "application/vnd.cis490.receipt+json";

function answer(status: number, headers: Record<string, string>, body?: string): HttpAnswer {
  return { kind: "answer", status, headers: new Headers(headers), body };
}

Deno.test("stored is a 200 or 201 whose receipt names our host, id and episode digest", () => {
  const body = formatReceipt(receipt);
  for (const [status, already] of [[200, true], [201, false]] as const) {
    const read = readStored(answer(status, { "content-type": RECEIPT_TYPE }, body), expected, 0);
    assert.deepEqual(read, { kind: "stored", already, receipt });
  }
});

Deno.test("nothing else counts as stored, refused or held, whatever its status says", () => {
  const whole = formatReceipt(receipt);
  const other = (change: object) => JSON.stringify({ ...JSON.parse(whole), ...change });
  const problem = JSON.stringify(problemOf("unstamped"));
  const strange: [string, HttpAnswer, RegExp][] = [
    ["a portal's page", answer(200, { "content-type": "text/html" }, "<html>"), /not a receipt/],
    ["a receipt as JSON", answer(201, { "content-type": "application/json" }, whole), /not a/],
    ["half a receipt", answer(201, { "content-type": RECEIPT_TYPE }, whole.slice(9)), /damaged/],
    ["too long", answer(200, { "content-type": RECEIPT_TYPE }), /too long\): a damaged receipt/],
    ["another host", receiptAnswer(other({ host: "lab-host-02" })), /for host lab-host-02, not/],
    ["another id", receiptAnswer(other({ id: "e2" })), /for e2, not e1/],
    [
      "another digest",
      receiptAnswer(other({ episode_digest: `sha256:${"f".repeat(64)}` })),
      /another episode digest/,
    ],
    ["a receipt under 202", answer(202, { "content-type": RECEIPT_TYPE }, whole), /^202 /],
    ["a bare 204", answer(204, {}, ""), /^204 \(no content type\)/],
    ["a redirect", answer(302, { location: "http://x/y" }, ""), /redirect to http:\/\/x\/y, which/],
    ["a proxy's 400", answer(400, { server: "Caddy" }, ""), /^400 from Caddy/],
    ["a proxy's 412", answer(412, { "content-type": "text/plain" }, ""), /^412/],
    ["a problem as JSON", answer(400, { "content-type": "application/json" }, problem), /^400/],
    [
      "a problem under 200",
      answer(200, { "content-type": "application/problem+json" }, problem),
      /^200/,
    ],
    [
      "another's problem",
      answer(
        422,
        { "content-type": "application/problem+json" },
        '{"type":"about:blank","title":"x","status":422}',
      ),
      /^422/,
    ],
    ["control characters", answer(502, { server: "a\tb" }, ""), /^502 from a\?b/],
  ];
  for (const [what, sent, why] of strange) {
    const readers = [
      readStored(sent, expected, 0),
      readAnnounced(sent, expected, 10, 0),
      readAcknowledged(sent, expected, { from: 0, to: 10 }, 0),
    ];
    for (const read of readers) {
      assert.equal(read.kind, "foreign", what);
      assert.match(read.kind === "foreign" ? read.why : "", why, what);
    }
  }
});

Deno.test("a problem is known by its type, with Retry-After", () => {
  for (const name of PROBLEM_NAMES) {
    const problem = problemOf(name, { detail: "d" });
    const headers = {
      "content-type": "application/problem+json; charset=utf-8",
      "retry-after": "7",
    };
    const read = readRefusal(answer(problem.status, headers, JSON.stringify(problem)), 0);
    assert.deepEqual(read, { kind: "refused", name, problem, retryAfterMs: 7000 });
  }
});

Deno.test("an answer that says all in its fields counts only with the receiver's own", () => {
  const fields = { [HEADER.uploadOffset]: "5", [HEADER.uploadLimit]: "max-append-size=9" };
  const own = { ...fields, [HEADER.receiver]: "1" };
  const range = { from: 0, to: 10 };
  assert.deepEqual(readAnnounced(answer(201, own), expected, 10, 0), {
    kind: "admitted",
    offset: 5,
    maxPieceBytes: 9,
  });
  assert.deepEqual(readAcknowledged(answer(204, own), expected, range, 0), {
    kind: "acknowledged",
    offset: 5,
  });
  assert.equal(readAnnounced(answer(201, fields), expected, 10, 0).kind, "foreign");
  assert.equal(readAcknowledged(answer(204, fields), expected, range, 0).kind, "foreign");
  assert.equal(readAnnounced(answer(201, own), expected, 4, 0).kind, "foreign", "beyond the end");
  for (const offset of ["0", "11", "-1", "x"]) {
    const sent = answer(204, { ...own, [HEADER.uploadOffset]: offset });
    assert.equal(readAcknowledged(sent, expected, range, 0).kind, "foreign", offset);
  }
});

Deno.test("HEAD: present with a digest, missing by the receiver's own 404, else no answer", () => {
  const own = { [HEADER.receiver]: "1" };
  const digest = { [HEADER.episodeDigest]: `sha-256=:${new Uint8Array(32).toBase64()}:` };
  assert.deepEqual(readPresence(answer(200, { ...own, ...digest }), 0), {
    kind: "present",
    episodeDigest: "0".repeat(64),
  });
  assert.deepEqual(readPresence(answer(404, own), 0), { kind: "missing" });
  for (const sent of [answer(404, {}), answer(200, digest), answer(200, own), answer(401, own)]) {
    assert.equal(readPresence(sent, 0).kind, "foreign");
  }
});

Deno.test("no answer of a stranger is ever stored or refused, and none makes reading throw", () => {
  const header = fc.dictionary(
    fc.constantFrom("content-type", "location", "server", "retry-after", HEADER.uploadOffset),
    fc.stringMatching(/^[ -~]{0,30}$/),
  );
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), header, fc.string(), (status, fields, body) => {
      const sent = answer(status, fields, body);
      assert.equal(readStored(sent, expected, 0).kind, "foreign");
      assert.equal(readAnnounced(sent, expected, 10, 0).kind, "foreign");
      assert.equal(readPresence(sent, 0).kind, "foreign");
    }),
  );
});

function receiptAnswer(body: string): HttpAnswer {
  return answer(201, { "content-type": RECEIPT_TYPE }, body);
}
