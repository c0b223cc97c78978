/**
 * What the doctor does whatever is wrong: no false alarm, no long wait, no change, and no more said than was seen.
 * `-- --long` looks a hundred times, and `-- --update` writes what it prints into README.md and docs/doctor.md.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { needs } from "../skip.ts";
import { LAB } from "../systemd/can_boot.ts";
import { record, REPOSITORY, until } from "../systemd/installed.ts";
import { readPart, replacePart } from "../../tools/docs/marked.ts";
import { Clinic, PARTS } from "./clinic.ts";

const RUNS = Deno.args.includes("--long") ? 100 : 12;

Deno.test({
  ...needs("the doctor raises no false alarm, waits for nobody, and changes nothing", {
    ...LAB,
    commands: [...LAB.commands ?? [], ...PARTS],
  }),
  async fn(t) {
    await using clinic = await Clinic.open();
    const { lab, pi, cable } = clinic;

    await t.step(`${RUNS} looks at busy machines that are well are green`, async () => {
      const { stdout } = await lab.run(`git -C ${REPOSITORY} rev-parse HEAD`);
      const busy = "for i in 1 2; do timeout 300 sh -c 'while :; do :; done' & done";
      await lab.run(`systemd-run -q --unit=busy --service-type=forking sh -c "${busy}"`);
      for (let run = 0; run < RUNS; run++) {
        await record(lab, [`run-${run}-a`, `run-${run}-b`], stdout.trim(), 512);
        for (const host of [lab, pi]) {
          const { code, rows } = await clinic.look(host);
          assert.equal(
            code,
            0,
            JSON.stringify(rows.filter(({ severity }) => severity !== "green")),
          );
        }
      }
      await lab.run("systemctl stop busy");
      await until(lab, 60, `test -d /var/lib/cis490/shipped/run-${RUNS - 1}-b/episode`);
    });

    await t.step("who may see little is told so, and of what", async () => {
      for (const host of [lab, pi]) {
        const { stdout, code } = await host.run("cis490 doctor --json", {
          user: "nobody",
          anyCode: true,
        });
        const rows: { severity: string; fix: string | null }[] = JSON.parse(stdout).rows;
        assert.equal(code, 3, stdout);
        assert(rows.every(({ severity }) => severity !== "red"), stdout);
        assert(
          rows.some(({ severity, fix }) => severity === "unseen" && fix === "sudo cis490 doctor"),
        );
      }
    });

    await t.step("the journal can be read once its printed command was run", async () => {
      await lab.run("useradd -m -G cis490 op");
      const look = async () => {
        const said = await lab.run("cis490 doctor --json", { user: "op", anyCode: true });
        const rows: { code: string; severity: string; fix: string | null }[] =
          JSON.parse(said.stdout).rows;
        return rows.find(({ code }) => code === "journal-unreadable");
      };
      const row = await look();
      assert.equal(row?.severity, "unseen");
      await lab.run(`export USER=op\n${row.fix}`);
      assert.equal((await look())?.severity, "green");
    });

    await t.step("--unit and --since choose what of the journal counts", async () => {
      const look = async (...flags: string[]) => {
        const said = await lab.run(["cis490", "doctor", "--json", ...flags], { anyCode: true });
        const rows: { code: string; evidence: { events?: number } }[] =
          JSON.parse(said.stdout).rows;
        return rows.find(({ code }) => code === "journal-unreadable")?.evidence.events ?? NaN;
      };
      assert(await look() > 0);
      assert.equal(await look("--unit", "systemd-journald"), 0);
      await lab.run("systemctl stop cis490-shipper; sleep 1.5");
      assert.equal(await look("--since", "1s"), 0);
      await lab.run("systemctl start cis490-shipper");
    });

    await t.step("it writes nothing", async () => {
      await lab.run("systemctl stop cis490-shipper");
      const state = async () =>
        (await lab.run(
          "find /var/lib/cis490 /etc/cis490 /opt/cis490 -printf '%p %T@ %C@\\n' | sort",
        ))
          .stdout;
      const before = await state();
      await clinic.look(lab);
      assert.equal(await state(), before);
      await lab.run("systemctl start cis490-shipper");
    });

    await t.step(
      "a network that swallows everything is waited for less than two seconds",
      async () => {
        await cable.setBlackHole(true);
        const { stdout, stderr } = await lab.run(
          "TIMEFORMAT='%R %U %S'; time cis490 doctor --json",
          { anyCode: true },
        );
        await cable.setBlackHole(false);
        const [first] = JSON.parse(stdout).rows;
        assert.equal(first.code, "receiver-unreachable");
        assert.equal(first.cause, "tcp: no answer within 1.3 s");
        assert(first.hides.includes("receiver-refuses"));
        const [realS = 0, userS = 0, systemS = 0] = stderr.trim().split(" ").map(Number);
        console.log(`black hole: ${realS} s, of them CPU ${(userS + systemS).toFixed(2)} s`);
        // Twice what is promised, since a test machine may be busy.
        assert(realS < 4, stderr);
      },
    );

    await t.step("the docs show what it prints", async () => {
      await clinic.commit(4);
      const { stdout: old } = await lab.run(`git -C ${REPOSITORY} rev-parse HEAD`);
      const ids = (count: number, name: string) =>
        Array.from({ length: count }, (_, i) => `${name}-${i}`);
      await record(lab, ids(12, "stale"), old.trim(), 1);
      await record(lab, ids(3, "bare"), "v1.2", 1);
      await until(
        lab,
        60,
        `cis490 doctor | grep -q '3 ship(s)' && cis490 doctor | grep -q '12 ship(s)'`,
      );
      await until(
        lab,
        60,
        "systemctl show -P StatusText cis490-shipper | grep -q '^12 episodes held'",
      );
      const { stdout } = await lab.run("cis490 doctor", { anyCode: true });
      const lines = stdout.trimEnd().split("\n");
      await shown("docs/doctor.md", lines);
      await shown("README.md", lines.slice(0, 7));
    });
  },
});

/** Compares with the part `doctor` of a page, but for what differs from run to run; or puts it there. */
async function shown(page: string, lines: readonly string[]): Promise<void> {
  const path = fileURLToPath(new URL(`../../${page}`, import.meta.url));
  const text = await Deno.readTextFile(path);
  const part = ["```", "$ sudo cis490 doctor", ...lines, "```"].join("\n");
  if (Deno.args.includes("--update")) {
    await Deno.writeTextFile(path, replacePart(text, "doctor", part));
  }
  const hint = "run: deno test -A tests/doctor/habits_test.ts -- --update";
  assert.equal(essence(readPart(await Deno.readTextFile(path), "doctor")), essence(part), hint);
}

/** Without numbers, commits and versions, without what a busy machine adds, and without the width of columns. */
function essence(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{12}\b/g, "C")
    .replaceAll(/[0-9][0-9.]*( (KiB|MiB|GiB|ms|s|min|h|days)\b)?/g, "N")
    .replaceAll(/its clock is N (ahead|behind)/g, "clocks agree")
    .replaceAll(/ +/g, " ");
}
