import assert from "node:assert/strict";
import fc from "fast-check";
import type { EpisodeId } from "../episode/mod.ts";
import { findOutboxId, layoutOf, siblingName } from "./layout.ts";

const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$/).map((text) => text as EpisodeId);
const suffix = fc.constantFrom("", ".json", ".tar.zst", ".tar.zst.partial", ".json.new");

Deno.test("each name in the outbox tells its episode, whatever the id looks like", () => {
  const layout = layoutOf("/d");
  fc.assert(fc.property(id, suffix, (stem, end) => {
    const whole = `${stem}${end}` as EpisodeId;
    for (const path of [layout.partial, layout.archive, layout.record, layout.recordNew]) {
      assert.equal(findOutboxId(path(whole).slice("/d/outbox/".length)), whole);
    }
  }));
});

Deno.test("no two episodes share a file in the outbox", () => {
  const layout = layoutOf("/d");
  const filesOf = (id: EpisodeId) => [
    layout.partial(id),
    layout.archive(id),
    layout.record(id),
    layout.recordNew(id),
  ];
  fc.assert(fc.property(id, suffix, id, suffix, (a, x, b, y) => {
    fc.pre(a + x !== b + y);
    const mine = new Set(filesOf(`${a}${x}` as EpisodeId));
    for (const file of filesOf(`${b}${y}` as EpisodeId)) assert.ok(!mine.has(file), file);
  }));
});

Deno.test("other names in the outbox are nobody's", () => {
  for (const name of ["lost+found", ".json", "a~2.json", "a.tar", "core", "-a.tar.zst"]) {
    assert.equal(findOutboxId(name), undefined, name);
  }
});

Deno.test("a sibling's name is no id", () => {
  assert.equal(siblingName("a" as EpisodeId, 1), "a");
  assert.equal(siblingName("a" as EpisodeId, 12), "a~12");
});
