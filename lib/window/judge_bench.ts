/** `deno bench lib/window/`: a lookup is to cost less than 10 µs in a window of 10,000 commits. */
import { findStamp, type Stamp } from "../episode/mod.ts";
import { judge, knownWindow } from "./judge.ts";

function stamp(number: number): Stamp {
  const found = findStamp(number.toString(16).padStart(40, "0"));
  if (found === undefined) throw new RangeError(`${number} makes no stamp`);
  return found;
}

const commits = Array.from({ length: 10_000 }, (_, at) => stamp(at));
const known = knownWindow(
  { branch: "main", source: "forgejo", read_at: "2026-01-01T00:00:00Z", commits },
  new Set(),
);
// Strings that were not made by the list, as those of a request are not.
const oldest = stamp(9999);
const stranger = stamp(10_000);

Deno.bench("the oldest of 10,000 commits", { baseline: true }, () => {
  judge(known, oldest, false);
});

Deno.bench("a commit that is none of 10,000", () => {
  judge(known, stranger, false);
});
