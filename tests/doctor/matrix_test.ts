/**
 * Each cause is brought about for real, the doctor's first row names it, and the printed command, run as printed, turns that
 * row green; whoever goes on with the first row then has green machines in a few steps.
 */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { LAB } from "../systemd/can_boot.ts";
import type { Host } from "../systemd/lab.ts";
import type { Cause } from "./cause.ts";
import { type CauseName, CAUSES, PAIRS } from "./causes.ts";
import { Clinic, type Looked, PARTS, type Row } from "./clinic.ts";

/** Passes of the shipper, restarts of units. The machine may be busy. */
const PATIENCE_MS = 30_000;
const STEPS = 12;

Deno.test({
  ...needs("the first row names the cause, and its command mends it", {
    ...LAB,
    commands: [...LAB.commands ?? [], ...PARTS],
  }),
  async fn(t) {
    await using clinic = await Clinic.open();
    const only = Deno.args.filter((arg) => !arg.startsWith("--"));
    const isMeant = (name: string) => only.length === 0 || only.some((part) => name.includes(part));

    for (const [name, cause] of Object.entries<Cause>(CAUSES)) {
      if (!isMeant(name)) continue;
      await step(t, name, async () => {
        await cause.bring(clinic);
        const host = clinic[cause.on];
        const { rows: [first], code } = await until(clinic, host, isFirst(cause), cause.prefix);
        assert.match(first?.cause ?? "", cause.words);
        assert.equal(first?.severity, cause.severity);
        assert.equal(code, cause.severity === "red" ? 2 : 1);
        if (cause.prefix === undefined) {
          assert(first !== undefined);
          await mend(clinic, host, first, [cause]);
          await until(clinic, host, isMended(first));
        }
        await follow(clinic, [cause]);
        await cause.after?.(clinic);
      });
    }

    for (const names of PAIRS) {
      if (!isMeant(names.join(" + "))) continue;
      await step(t, names.join(" + "), async () => {
        const [first, second] = names.map((name: CauseName): Cause => CAUSES[name]) as [
          Cause,
          Cause,
        ];
        await first.bring(clinic);
        await second.bring(clinic);
        const { rows } = await until(clinic, clinic[first.on], isFirst(first), first.prefix);
        assert.match(rows[0]?.cause ?? "", first.words);
        await follow(clinic, [first, second]);
        await second.after?.(clinic);
        await first.after?.(clinic);
      });
    }
  },
});

/** The machines are shared: what a failed step left of its cause would fail all that come after. */
async function step(t: Deno.TestContext, name: string, run: () => Promise<void>): Promise<void> {
  assert(await t.step(name, run), `${name} failed`);
}

type Wanted = (looked: Looked) => boolean;

function isFirst({ code, words }: Cause): Wanted {
  return ({ rows: [first] }) => first?.code === code && words.test(first.cause);
}

/** Green, or yellow after red with another fix: what is left then is another matter. */
function isMended({ code, severity, fix }: Row): Wanted {
  return ({ rows }) => {
    const row = rows.find((row) => row.code === code);
    return row?.severity === "green" ||
      (severity === "red" && row?.severity === "yellow" && row.fix !== fix);
  };
}

/** Looks until it is as wanted. Throws what was seen last. */
async function until(
  clinic: Clinic,
  host: Host,
  wanted: Wanted,
  prefix?: readonly string[],
): Promise<Looked> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const looked = await clinic.look(host, prefix);
    if (wanted(looked)) return looked;
    if (performance.now() > end) throw new Error(`${host.name} stays:\n${describe(looked.rows)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function mend(clinic: Clinic, host: Host, row: Row | undefined, causes: readonly Cause[]) {
  assert(row?.fix, "a row that is not green has a fix");
  const edit = causes.find(({ code, edit }) => code === row.code && edit !== undefined)?.edit;
  const said = await clinic.mend(host, row.fix, edit);
  assert.equal(said.code, 0, `${row.fix}\n${said.stdout}${said.stderr}`);
}

/** Mends the first row, and again the first, until both machines are green. */
async function follow(clinic: Clinic, causes: readonly Cause[]): Promise<void> {
  const done: string[] = [];
  for (const host of [clinic.pi, clinic.lab]) {
    for (let step = 0;; step++) {
      const looked = await settled(clinic, host);
      if (looked.code === 0) break;
      const [first] = looked.rows;
      assert(
        step < STEPS,
        `${host.name} is not green after:\n${done.join("\n")}\n${describe(looked.rows)}`,
      );
      done.push(`${first?.code}: ${first?.fix}`);
      await mend(clinic, host, first, causes);
    }
  }
}

/** So often a first row may become another one by itself. */
const LOOKS = 10;

/** Green, or with a first row that is still the same a moment later: a pass of the shipper may be all that was missing. */
async function settled(clinic: Clinic, host: Host): Promise<Looked> {
  let looked = await clinic.look(host);
  for (let looks = 1; looked.code !== 0 && looks < LOOKS; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    const code = looked.rows[0]?.code;
    looked = await clinic.look(host);
    if (looked.rows[0]?.code === code) break;
  }
  return looked;
}

function describe(rows: readonly Row[]): string {
  return rows.filter(({ severity }) => severity !== "green")
    .map(({ severity, code, cause, fix }) => `${severity} ${code}: ${cause}\n  ${fix}`).join("\n");
}
