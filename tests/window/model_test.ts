/**
 * Receiver and Forgejo restarted together, a thousand times: no PUT of an accepted commit ever gets 412, as long as
 * Forgejo is back within ten minutes.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ModelLab, SILENCES, WINDOW_COMMITS } from "./model.ts";

const MINUTE_MS = 60_000;
const GAP_MS = 90_000;

/** What happens at a time of one round; times are in milliseconds from the round's start. */
const during = (minMs: number, maxMs: number) => fc.integer({ min: minMs, max: maxMs });

/** One restart of both, in either order, and what lab hosts and their owners do meanwhile. */
const round = fc.record({
  silence: fc.constantFrom(...SILENCES),
  forgejoGoesMs: during(0, 3 * MINUTE_MS),
  forgejoAwayMs: during(1000, 10 * MINUTE_MS - 1),
  receiverGoesMs: during(0, 4 * MINUTE_MS),
  receiverAwayMs: during(100, 11 * MINUTE_MS),
  pushesMs: fc.array(during(0, 16 * MINUTE_MS), { maxLength: 6 }),
  puts: fc.array(
    fc.record({ atMs: during(0, 17 * MINUTE_MS), ago: fc.nat(WINDOW_COMMITS - 1) }),
    { minLength: 1, maxLength: 8 },
  ),
  /** Each is PUT as soon as it is pushed. */
  putAtOnce: fc.boolean(),
  /** Before Forgejo goes, a commit is pushed; the first PUT of it comes before Forgejo is back. */
  lastPushMs: during(0, GAP_MS),
  lastPutMs: during(0, 5 * MINUTE_MS),
});
type Round = typeof round extends fc.Arbitrary<infer R> ? R : never;

const story = fc.record({
  /** Any age: from the first commit of all to a fetch of a moment ago. */
  checkoutCommits: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  seed: fc.nat(),
  rounds: fc.array(round, { minLength: 1, maxLength: 3 }),
});
type Story = typeof story extends fc.Arbitrary<infer S> ? S : never;

async function play({ checkoutCommits, seed, rounds }: Story, graceMs?: number): Promise<ModelLab> {
  const lab = new ModelLab({ checkoutCommits, graceMs, random: randomOf(seed) });
  lab.receiverReturns();
  await lab.clock.pass(2000);
  for (const round of rounds) {
    const events = eventsOf(lab, round).sort((a, b) => a.atMs - b.atMs);
    // Back is a Forgejo that stays long enough to be seen; two absences with nothing between them are one.
    const startMs = lab.clock.monotonic() + GAP_MS;
    for (const { atMs, happen } of events) {
      await lab.clock.pass(Math.max(0, startMs + atMs - lab.clock.monotonic()));
      happen();
    }
  }
  await lab.end();
  return lab;
}

function eventsOf(lab: ModelLab, round: Round): { atMs: number; happen: () => void }[] {
  const { forgejoGoesMs, receiverGoesMs, putAtOnce } = round;
  const forgejoReturnsMs = forgejoGoesMs + round.forgejoAwayMs;
  return [
    { atMs: forgejoGoesMs - round.lastPushMs, happen: () => lab.push() },
    { atMs: forgejoReturnsMs - round.lastPutMs, happen: () => lab.put(0) },
    { atMs: forgejoGoesMs, happen: () => lab.forgejoGoes(round.silence) },
    { atMs: forgejoReturnsMs, happen: () => lab.forgejoReturns() },
    { atMs: receiverGoesMs, happen: () => lab.receiverGoes() },
    { atMs: receiverGoesMs + round.receiverAwayMs, happen: () => lab.receiverReturns() },
    ...round.pushesMs.flatMap((atMs) => [
      { atMs, happen: () => lab.push() },
      ...(putAtOnce ? [{ atMs: atMs + 1, happen: () => lab.put(0) }] : []),
    ]),
    ...round.puts.map(({ atMs, ago }) => ({ atMs, happen: () => lab.put(ago) })),
  ];
}

/** The same numbers for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

Deno.test("a thousand restarts of both: no PUT of an accepted commit gets 412", async () => {
  let restarts = 0;
  const answers = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(story, async (story) => {
      const lab = await play(story);
      restarts += lab.restarts;
      for (const [kind, count] of lab.answers) answers.set(kind, (answers.get(kind) ?? 0) + count);
      assert.deepEqual(lab.falseRejections, []);
    }),
    { numRuns: 600 },
  );
  assert.ok(restarts >= 1000, `${restarts} restarts`);
  // The stories were not all told to a receiver that knew everything, or nothing.
  for (const kind of ["accepted", "unknown-yet"]) {
    assert.ok((answers.get(kind) ?? 0) > 100, `${kind}: ${answers.get(kind)}`);
  }
});

Deno.test("without the ten minutes' grace the same stories end in a 412: the model can see one", async () => {
  await assert.rejects(
    fc.assert(
      fc.asyncProperty(story, async (story) => {
        assert.deepEqual((await play(story, 0)).falseRejections, []);
      }),
      { numRuns: 600, endOnFailure: true },
    ),
    /Property failed after/,
  );
});
