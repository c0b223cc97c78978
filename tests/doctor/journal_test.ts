/** From lines of the journal to the rows that quote it. */
import assert from "node:assert/strict";
import { type Journal, parseJournalLine, readJournal, tally } from "../../lib/doctor/mod.ts";
import { type EventFields, type EventName, formatEvent } from "../../lib/events/mod.ts";
import { type ProgramEnd, ProgramError, type RunProgram } from "../../lib/sys/mod.ts";
import { labHostRows } from "./well.ts";

const UPDATE = "cd /opt/cis490 && git pull && sudo ./install/install-lab-host.sh";

/** journalctl's output for events, which are given oldest first. */
class Output {
  #lines: string[] = [];
  #us = 1_700_000_000_000_000;

  say<N extends EventName>(name: N, fields: EventFields<N>, repeated = 0): this {
    const more = repeated === 0 ? "" : ` repeated=${repeated}`;
    return this.line(formatEvent(name, fields, { priority: false }) + more);
  }

  line(MESSAGE: unknown, more: Record<string, unknown> = {}): this {
    const __REALTIME_TIMESTAMP = `${this.#us++}`;
    this.#lines.unshift(JSON.stringify({ __REALTIME_TIMESTAMP, MESSAGE, PRIORITY: "6", ...more }));
    return this;
  }

  get stdout(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }
}

const DETAIL = { code: "out-of-window", status: 412, detail: "abc is not accepted" };

function held(output: Output, count: number): Output {
  for (let i = 0; i < count; i++) output.say("episode-held", { id: `e${i}`, ...DETAIL });
  return output;
}

function refused(output: Output, ids: readonly string[]): Output {
  for (const id of ids) {
    output.say("episode-quarantined", {
      id,
      code: "unstamped",
      status: 400,
      detail: "no stamp",
      remediation: UPDATE,
    });
  }
  return output;
}

function answering(end: Partial<ProgramEnd> | Error): RunProgram {
  return () =>
    end instanceof Error
      ? Promise.reject(end)
      : Promise.resolve({ code: 0, stdout: "", stderr: "", ...end });
}

async function readAll(end: Partial<ProgramEnd> | Error) {
  return await readJournal(answering(end), { units: ["cis490-shipper"], sinceMs: 600_000 });
}

async function journalOf(stdout: string): Promise<Journal> {
  const seen = await readAll({ stdout });
  assert(seen.kind === "seen");
  return seen.value;
}

/** The rows of a host that is well but for what its journal says; those that are not green first. */
async function rowsFor(end: Output | Partial<ProgramEnd> | Error) {
  const seen = await readAll(end instanceof Output ? { stdout: end.stdout } : end);
  const journal = seen.kind === "unseen"
    ? seen
    : { kind: "seen", value: { ...tally(seen.value), isCut: seen.value.isCut } } as const;
  return await labHostRows({ journal, window: undefined });
}

Deno.test("412: the count as a person says it, and the installer", async () => {
  const [first] = await rowsFor({ stdout: held(new Output(), 12).stdout });
  assert.equal(first?.code, "out-of-window");
  assert.match(first?.cause ?? "", /^12 ship\(s\) rejected as out-of-window: /);
  assert.equal(first?.fix, UPDATE);
});

Deno.test("the same episode, tried three times, is one", async () => {
  const output = held(held(held(new Output(), 2), 2), 2);
  assert.match((await rowsFor(output))[0]?.cause ?? "", /^2 ship/);
});

Deno.test("the shipper's own count is the newest word", async () => {
  const output = held(new Output(), 3).say("held", { count: 40 });
  assert.match((await rowsFor(output))[0]?.cause ?? "", /^40 ship/);
  const over = await rowsFor(output.say("held", { count: 0 }));
  assert.equal(over.find(({ code }) => code === "out-of-window")?.severity, "green");
});

Deno.test("an episode that was held and then shipped is held no more", async () => {
  const output = held(new Output(), 1)
    .say("episode-shipped", { id: "e0", bytes: 1, ms: 1, already: false });
  const rows = await rowsFor(output);
  assert(rows.every(({ severity }) => severity === "green"));
});

Deno.test("400: what was refused, with the receiver's own remedy", async () => {
  const [first] = await rowsFor(refused(new Output(), ["a", "b", "c"]));
  assert.equal(first?.code, "episodes-refused");
  assert.equal(first?.cause, "3 ship(s) rejected as unstamped (400): no stamp");
  assert.equal(first?.fix, UPDATE);
});

Deno.test("412 comes before 400, whichever is newer or more", async () => {
  const orders = [
    refused(held(new Output(), 1), ["a", "b", "c", "d"]),
    held(refused(new Output(), ["a"]), 1),
  ];
  for (const output of orders) {
    const rows = await rowsFor(output);
    assert.deepEqual(rows.slice(0, 2).map(({ code }) => code), [
      "out-of-window",
      "episodes-refused",
    ]);
  }
});

Deno.test("transient: the last tries that failed, by kind; a later success counts", async () => {
  const failed = (output: Output, id: string, code: string) =>
    output.say("try-failed", { id, code, status: 503, detail: "busy now", next_try_s: 5 });
  const output = new Output();
  for (const id of ["a", "b", "c"]) failed(output, id, "busy");
  failed(output, "a", "busy");
  failed(output, "d", "stall");
  output.say("episode-shipped", { id: "c", bytes: 1, ms: 1, already: false });
  const [first] = await rowsFor(output);
  assert.equal(first?.code, "tries-failing");
  assert.equal(first?.severity, "yellow");
  assert.match(first?.cause ?? "", /^3 episodes did not get through \(2 busy \(503\), 1 stall/);
});

Deno.test("clean and empty are green, and say which", async () => {
  const shipped = new Output().say("episode-shipped", { id: "a", bytes: 1, ms: 1, already: false });
  const cause = async (stdout: string) =>
    (await rowsFor({ stdout })).find(({ code }) => code === "journal-unreadable");
  assert.equal(
    (await cause(shipped.stdout))?.cause,
    "1 events in the last 10 min; 1 episode shipped",
  );
  assert.equal((await cause(""))?.cause, "cis490-shipper said nothing in the last 10 min");
  assert.equal((await cause(""))?.severity, "green");
});

Deno.test("no permission says how to get it; a part that may be seen is no journal", async () => {
  const hint = "Hint: You are currently not seeing messages from other users and the system.\n" +
    "      Users in groups 'adm', 'systemd-journal' can see all messages.\n";
  for (
    const end of [{ stderr: hint }, {
      code: 1,
      stderr: "No journal files were opened due to insufficient permissions.\n",
    }]
  ) {
    const [first] = await rowsFor(end);
    assert.equal(first?.code, "journal-unreadable");
    assert.equal(first?.severity, "unseen");
    assert.match(first?.fix ?? "", /usermod -aG systemd-journal "\$USER"/);
    assert(first?.hides.includes("episodes-refused"));
  }
});

Deno.test("no journalctl, a slow one, and one that fails are unseen", async () => {
  const missing = new ProgramError("missing", "journalctl", "journalctl is not installed");
  const [first] = await rowsFor(missing);
  assert.match(first?.cause ?? "", /journalctl is not installed/);
  const killed = new ProgramError("killed", "journalctl", "journalctl gave no answer in 1.5 s");
  assert.match((await rowsFor(killed))[0]?.cause ?? "", /no answer in 1.5 s/);
  const failed = await rowsFor({ code: 1, stderr: "Failed to add match: Invalid argument\n" });
  assert.match(failed[0]?.cause ?? "", /Invalid argument/);
});

Deno.test("suppressed lines are counted", async () => {
  const fields = { why: "no network", stack: undefined };
  const journal = await journalOf(new Output().say("pass-failed", fields, 41).stdout);
  assert.equal(tally(journal).bugs[0]?.count, 42);
});

Deno.test("a newer or older version's line counts as far as it is understood", async () => {
  const output = new Output()
    .line("episode x held: an older text event=episode-held id=x code=out-of-window")
    .line("something new event=episode-folded id=y how=twice")
    .line("words of another program");
  const journal = await journalOf(output.stdout);
  const { held, events } = tally(journal);
  assert.equal(held?.count, 1);
  assert.equal(events, 2);
});

Deno.test("a message as bytes, a field twice, a line cut off, and what is no JSON", () => {
  const bytes = [...new TextEncoder().encode("é event=held count=3")];
  const parse = (value: unknown) => parseJournalLine(JSON.stringify(value));
  assert.equal(
    parse({ MESSAGE: bytes, __REALTIME_TIMESTAMP: "1000" })?.event?.fields.get("count"),
    "3",
  );
  assert.equal(parse({ MESSAGE: ["a", "b"], __REALTIME_TIMESTAMP: "1000" })?.message, "a");
  for (const line of ["", "{", "[]", "null", "3", '{"MESSAGE":null}', '{"MESSAGE":"a"}']) {
    assert.equal(parseJournalLine(line), undefined, line);
  }
});

Deno.test("what systemd says of a failed run is counted by how it failed", async () => {
  const output = new Output()
    .line("Failed with result 'watchdog'.", { UNIT_RESULT: "watchdog", PRIORITY: "4" })
    .line("cannot go on", { PRIORITY: "3" });
  const { failedRuns, lastError } = tally(await journalOf(output.stdout));
  assert.deepEqual([...failedRuns], [["watchdog", 1]]);
  assert.equal(lastError, "cannot go on");
});
