import assert from "node:assert/strict";
import { parseRetryAfter } from "./retry_after.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

function parse(value: string | undefined, date?: string): number | undefined {
  const headers = new Headers(value === undefined ? {} : { "retry-after": value });
  if (date !== undefined) headers.set("date", date);
  return parseRetryAfter(headers, NOW);
}

Deno.test("seconds and dates become milliseconds, at most an hour", () => {
  assert.equal(parse("0"), 0);
  assert.equal(parse("90"), 90_000);
  assert.equal(parse("999999999999999999999"), 3_600_000);
  assert.equal(parse("Fri, 02 Jan 2026 03:05:05 GMT"), 60_000);
  assert.equal(parse("Fri, 02 Jan 2026 03:03:05 GMT"), 0, "a date that is past");
  assert.equal(parse("Fri, 02 Jan 2099 03:03:05 GMT"), 3_600_000);
});

Deno.test("a date is measured by the clock of who sent it", () => {
  const wrong = "Mon, 01 Jan 2001 00:00:00 GMT";
  assert.equal(parse("Mon, 01 Jan 2001 00:00:07 GMT", wrong), 7000);
});

Deno.test("what is neither seconds nor a date is no Retry-After", () => {
  for (const value of [undefined, "", " ", "-1", "1.5", "soon", "2026-01-02", "1e3"]) {
    assert.equal(parse(value), undefined, `${value}`);
  }
});
