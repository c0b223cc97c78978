import assert from "node:assert/strict";
import type { EpisodeId } from "../lib/episode/mod.ts";
import type { PassSummary, Result } from "../lib/shipper/mod.ts";
import { createIo } from "./print.ts";
import { createReport } from "./ship_report.ts";

const NOTHING: PassSummary["counts"] = {
  "shipped": 0,
  "already-stored": 0,
  "held": 0,
  "quarantined": 0,
  "waiting": 0,
  "not-ready": 0,
  "stuck": 0,
  "gone": 0,
};

function summary(counts: Partial<PassSummary["counts"]>, rest: Partial<PassSummary> = {}) {
  const all = { ...NOTHING, ...counts };
  return {
    counts: all,
    codes: {},
    bytes: 0,
    strangers: { count: 0, paths: [] },
    swept: 0,
    stopped: undefined,
    ms: 1,
    ...rest,
  };
}

function report(json: boolean) {
  const said = { out: "", err: "" };
  const io = createIo({
    writeStdout: (text) => said.out += text,
    writeStderr: (text) => said.err += text,
    environment: () => undefined,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    columns: () => 80,
    monotonic: () => 0,
  });
  return { said, report: createReport(io, { json, progress: true }) };
}

const held = (id: string): Result => ({
  id: id as EpisodeId,
  state: "held",
  outcome: {
    outcome: "held",
    code: "out-of-window",
    detail: "commit aaa is not in the window",
    scope: "episode",
    remediation: "git pull",
  },
});

Deno.test("people get a line an episode that moved, the counts, and each reason once", () => {
  const { said, report: { observer, finish } } = report(false);
  observer.result?.({ id: "a" as EpisodeId, state: "shipped", bytes: 1_200_000, ms: 300 });
  for (let at = 0; at < 1000; at++) observer.result?.(held(`h${at}`));
  assert.equal(finish(summary({ shipped: 1, held: 1000 }), false), 0);
  assert.equal(
    said.out,
    "shipped a 1.1 MiB in 300 ms\n" +
      "shipped 1, already stored 0, held 1000, quarantined 0, waiting 0, not ready 0\n",
  );
  assert.equal(
    said.err,
    "cis490: held 1000: commit aaa is not in the window; to mend it: git pull\n",
  );
});

Deno.test("a stranger's command is for a name that a shell can be told, and stays in its directory", () => {
  const mending = (...paths: string[]) => {
    const { said, report: { finish } } = report(false);
    finish(summary({}, { strangers: { count: paths.length, paths } }), false);
    return said.err.split("to mend it: ")[1];
  };
  const odd = ["/d/episodes/(a name that is not UTF-8)", "/d/episodes/a\nb"];
  assert.equal(
    mending(...odd, "/d/episodes/it's"),
    "mv -nT '/d/episodes/it'\\''s' '/d/episodes/NEW-NAME'\n",
  );
  assert.equal(mending(...odd), "ls -lb '/d/episodes'\n");
});

Deno.test("held and not ready are done; waiting, stuck, strangers and an interruption are not", () => {
  const exit = (counts: Partial<PassSummary["counts"]>, rest = {}, interrupted = false) =>
    report(true).report.finish(summary(counts, rest), interrupted);
  assert.equal(exit({ "held": 3, "not-ready": 2, "quarantined": 1, "gone": 1 }), 0);
  assert.equal(exit({ waiting: 1 }), 1);
  assert.equal(exit({ stuck: 1 }), 1);
  assert.equal(exit({}, { strangers: { count: 1, paths: ["/d/episodes/a b"] } }), 1);
  assert.equal(exit({}, {}, true), 1);
});

Deno.test("programs get one JSON object and nothing else on stdout", () => {
  const { said, report: { observer, finish } } = report(true);
  observer.result?.({ id: "a" as EpisodeId, state: "shipped", bytes: 1, ms: 1 });
  finish(summary({ shipped: 1 }), false);
  const value = JSON.parse(said.out);
  assert.equal(value.shipped, 1);
  assert.equal(value.done, true);
  assert.equal(value.stopped, null);
});
