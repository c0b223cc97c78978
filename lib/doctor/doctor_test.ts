import assert from "node:assert/strict";
import { parseLabHostConfig, parseReceiverConfig } from "../config/mod.ts";
import { plainFs, systemClock } from "../sys/mod.ts";
import type { ProbeReport } from "../transport/mod.ts";
import { LAB_HOST_CHECKS } from "./checks/lab_host.ts";
import { RECEIVER_CHECKS } from "./checks/receiver.ts";
import { type Check, exitCodeOf, runChecks, type Severity } from "./finding.ts";
import { gatherLabHostFacts } from "./lab_host_facts.ts";
import { gatherReceiverFacts } from "./receiver_facts.ts";
import { ageInWords } from "./words.ts";

const WELL: ProbeReport = {
  ok: true,
  layers: [{ layer: "receiver", state: "ok", ms: 1, words: "cis490 0.1.0", fix: undefined }],
  pong: undefined,
  clockDifferenceMs: 20,
};

/** A lab host that is well until `spoil` has had its way; returns its rows by code. */
async function examine(
  spoil: (dataDir: string, root: string) => void,
  probe: ProbeReport = WELL,
  more = "",
): Promise<Record<string, { severity: Severity; cause: string; fix?: string | undefined }>> {
  const root = await Deno.makeTempDir();
  try {
    const dataDir = `${root}/data`;
    Deno.mkdirSync(`${dataDir}/episodes`, { recursive: true });
    Deno.writeTextFileSync(`${root}/token`, "s3cret\n");
    spoil(dataDir, root);
    const parsed = await parseLabHostConfig(
      `host_id = "h"\ndata_dir = "${dataDir}"\n[receiver]\nurl = "http://127.0.0.1:1"\n` +
        `token_file = "${root}/token"\n[queue]\nmin_free_mb = 1\n${more}`,
    );
    assert(parsed.kind === "config");
    const facts = await gatherLabHostFacts({
      fs: plainFs(),
      clock: systemClock,
      config: parsed.config,
      credentialsDirectory: undefined,
      probe: () => Promise.resolve(probe),
    });
    const rows = runChecks(LAB_HOST_CHECKS, facts);
    assert(!JSON.stringify(rows).includes("s3cret"));
    return Object.fromEntries(rows.map((row) => [row.code, row]));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function record(id: string, outcome: string): string {
  return JSON.stringify({
    format: 1,
    id,
    signature: "0".repeat(64),
    stamp: null,
    packed: null,
    tries: 1,
    first_try: "2026-01-01T00:00:00.000Z",
    last_try: "2026-01-01T00:00:00.000Z",
    next_try: "2026-01-01T00:00:00.000Z",
    last: { outcome, code: outcome, detail: "" },
  });
}

function quarantined(dataDir: string, name: string, code: string): void {
  Deno.mkdirSync(`${dataDir}/quarantine/${name}/episode`, { recursive: true });
  Deno.writeTextFileSync(
    `${dataDir}/quarantine/${name}/quarantine_reason.json`,
    JSON.stringify({
      code,
      detail: "why",
      remediation: `mend ${code}`,
      quarantined_at: "2026-01-01T00:00:00.000Z",
    }),
  );
}

Deno.test("a host that is well is green in every row", async () => {
  const rows = await examine(() => {});
  assert.deepEqual(
    Object.fromEntries(Object.entries(rows).map(([code, { severity }]) => [code, severity])),
    Object.fromEntries(LAB_HOST_CHECKS.map(({ code }) => [code, "green"])),
  );
});

Deno.test("a missing data directory is one row, and what follows from it is not shown", async () => {
  const rows = await examine((dataDir) => Deno.removeSync(dataDir, { recursive: true }));
  assert.equal(rows["data-dir"]?.severity, "red");
  assert.match(rows["data-dir"]?.fix ?? "", /^sudo install -d /);
  for (const code of ["free-space", "backlog", "held", "stuck", "quarantine"]) {
    assert.equal(rows[code], undefined, code);
  }
  assert.equal(rows["receiver"]?.severity, "green");
});

Deno.test("an episodes directory that the owner may not write is red, with the chown that mends it", async () => {
  if (Deno.uid() !== 0) return;
  const rows = await examine((dataDir) => {
    Deno.chownSync(dataDir, 65_534, 65_534);
    Deno.chownSync(`${dataDir}/episodes`, 0, 0);
    Deno.chmodSync(`${dataDir}/episodes`, 0o755);
  });
  assert.equal(rows["data-dir"]?.severity, "red");
  assert.match(
    rows["data-dir"]?.fix ?? "",
    /^sudo chown --reference=\S+\/data \S+\/data\/episodes$/,
  );
});

Deno.test("a linked episodes directory is red", async () => {
  const rows = await examine((dataDir) => {
    Deno.renameSync(`${dataDir}/episodes`, `${dataDir}/elsewhere`);
    Deno.symlinkSync("elsewhere", `${dataDir}/episodes`);
  });
  assert.match(rows["data-dir"]?.cause ?? "", /is a symlink, not a directory$/);
});

Deno.test("too little space is red, and near it yellow", async () => {
  const space = plainFs().space("/tmp").freeBytes / 2 ** 20;
  const at = async (mb: number) => {
    const parsed = await parseLabHostConfig(
      `host_id = "h"\n[receiver]\nurl = "http://[::1]:1"\n[queue]\nmin_free_mb = ${mb}\n`,
    );
    assert(parsed.kind === "config");
    const check = LAB_HOST_CHECKS.find(({ code }) => code === "free-space");
    const facts = await gatherLabHostFacts({
      fs: plainFs(),
      clock: systemClock,
      config: { ...parsed.config, dataDir: "/tmp" },
      credentialsDirectory: undefined,
      probe: () => Promise.resolve(WELL),
    });
    return check?.run(facts).severity;
  };
  assert.equal(await at(Math.floor(space * 1.5)), "red");
  assert.equal(await at(Math.floor(space * 0.75)), "yellow");
  assert.equal(await at(Math.floor(space * 0.25)), "green");
});

Deno.test("a token that is not there is red, and hides the receiver's row that it causes", async () => {
  const rows = await examine((_dataDir, root) => Deno.removeSync(`${root}/token`));
  assert.equal(rows["token"]?.severity, "red");
  assert.match(rows["token"]?.fix ?? "", /receive token add h$/);
  assert.equal(rows["receiver"], undefined);
  assert.equal(rows["clock"], undefined);
});

Deno.test("the first layer that fails is the receiver's cause, with its fix", async () => {
  const rows = await examine(() => {}, {
    ...WELL,
    ok: false,
    layers: [
      { layer: "name", state: "ok", ms: 1, words: "", fix: undefined },
      { layer: "tcp", state: "failed", ms: 1, words: "connection refused", fix: "mend it" },
      { layer: "tls", state: "not-tried", ms: undefined, words: "", fix: undefined },
    ],
    clockDifferenceMs: undefined,
  });
  assert.equal(rows["receiver"]?.cause, "tcp: connection refused");
  assert.equal(rows["receiver"]?.fix, "mend it");
  assert.equal(rows["clock"], undefined);
});

Deno.test("clocks that differ are yellow, and red from ten minutes on", async () => {
  const at = async (ms: number) =>
    (await examine(() => {}, { ...WELL, clockDifferenceMs: ms }))["clock"]?.severity;
  assert.equal(await at(-29_000), "green");
  assert.equal(await at(-31_000), "yellow");
  assert.equal(await at(600_000), "red");
});

Deno.test("held and stuck episodes are counted by their records, and an old backlog is yellow", async () => {
  const rows = await examine((dataDir) => {
    Deno.mkdirSync(`${dataDir}/outbox`);
    for (const [id, outcome] of [["a", "held"], ["b", "held"], ["c", "stuck"]] as const) {
      Deno.mkdirSync(`${dataDir}/episodes/${id}`);
      Deno.writeTextFileSync(`${dataDir}/outbox/${id}.json`, record(id, outcome));
    }
    const old = new Date(Date.now() - 5 * 3_600_000);
    Deno.utimeSync(`${dataDir}/episodes/a`, old, old);
  });
  assert.match(rows["held"]?.cause ?? "", /^2 episodes held/);
  assert.equal(rows["held"]?.severity, "yellow");
  assert.match(rows["stuck"]?.cause ?? "", /^1 episode stuck/);
  assert.equal(rows["stuck"]?.severity, "red");
  assert.equal(rows["backlog"]?.severity, "yellow");
  assert.equal(rows["backlog"]?.cause, "3 episodes wait, the oldest for 5 h");
});

Deno.test("quarantine is counted by code, with the fix of the most frequent one", async () => {
  const rows = await examine((dataDir) => {
    quarantined(dataDir, "a", "bad-meta");
    quarantined(dataDir, "b", "unstamped");
    quarantined(dataDir, "b~2", "unstamped");
    Deno.mkdirSync(`${dataDir}/quarantine/half-moved`);
  });
  assert.equal(rows["quarantine"]?.cause, "3 episodes: 2 unstamped, 1 bad-meta");
  assert.equal(rows["quarantine"]?.fix, "mend unstamped");
  assert.equal(rows["quarantine"]?.severity, "yellow");
});

Deno.test("missing certificates are red and named", async () => {
  const parsed = await parseLabHostConfig(
    `host_id = "h"\n[receiver]\nurl = "https://pi:1"\nclient_key = "/nowhere/key"\n` +
      `client_cert = "/nowhere/cert"\nca_bundle = "/nowhere/ca"\n`,
  );
  assert(parsed.kind === "config");
  const facts = await gatherLabHostFacts({
    fs: plainFs(),
    clock: systemClock,
    config: parsed.config,
    credentialsDirectory: undefined,
    probe: () => Promise.resolve(WELL),
  });
  const row = runChecks(LAB_HOST_CHECKS, facts).find(({ code }) => code === "certificates");
  assert.equal(row?.severity, "red");
  assert.match(row?.cause ?? "", /^certificate not ready: \/nowhere\/ca/);
});

Deno.test("a receiver's rows: store, space, tokens, listening", async () => {
  const root = await Deno.makeTempDir();
  try {
    const parsed = await parseReceiverConfig(
      `store_dir = "${root}"\ntokens_file = "${root}/tokens.toml"\n[limits]\nmin_free_mb = 1\n`,
    );
    assert(parsed.kind === "config");
    const { config } = parsed;
    const severities = async (answer: string | undefined) => {
      const facts = await gatherReceiverFacts({
        fs: plainFs(),
        config,
        dial: () => Promise.resolve(answer),
      });
      const rows = runChecks(RECEIVER_CHECKS, facts);
      return Object.fromEntries(rows.map(({ code, severity }) => [code, severity]));
    };
    assert.deepEqual(await severities("refused"), {
      "store-dir": "green",
      "store-space": "green",
      "tokens": "yellow",
      "listening": "red",
    });
    Deno.writeTextFileSync(`${root}/tokens.toml`, "", { mode: 0o640 });
    assert.equal((await severities(undefined))["tokens"], "green");
    assert.equal((await severities(undefined))["listening"], "green");
    Deno.chmodSync(`${root}/tokens.toml`, 0o644);
    assert.equal((await severities(undefined))["tokens"], "yellow");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a red or unseen row folds what depends on it, through rows that are folded themselves", () => {
  const check = (code: string, severity: Severity, ...dependsOn: string[]): Check<undefined> => ({
    code,
    title: code,
    dependsOn,
    run: () => ({ severity, cause: "", evidence: {} }),
  });
  const rows = runChecks([
    check("a", "unseen"),
    check("b", "green", "a"),
    check("c", "green", "b"),
    check("d", "yellow"),
    check("e", "green", "d"),
  ], undefined);
  assert.deepEqual(rows.map(({ code }) => code), ["a", "d", "e"]);
});

Deno.test("every check depends only on checks above it, and codes are unique", () => {
  for (const checks of [LAB_HOST_CHECKS, RECEIVER_CHECKS]) {
    const above = new Set<string>();
    for (const { code, dependsOn } of checks) {
      for (const each of dependsOn) assert(above.has(each), `${code} depends on ${each}`);
      assert(!above.has(code), `${code} is there twice`);
      above.add(code);
    }
  }
});

Deno.test("red is 2, else unseen is 3, else yellow is 1", () => {
  const of = (...severities: Severity[]) =>
    exitCodeOf(severities.map((severity) => ({ severity })));
  assert.equal(of(), 0);
  assert.equal(of("green"), 0);
  assert.equal(of("green", "yellow"), 1);
  assert.equal(of("yellow", "unseen"), 3);
  assert.equal(of("unseen", "red", "yellow"), 2);
});

Deno.test("ages are told in one unit", () => {
  const ages = [-5, 40_000, 119_000, 121_000, 7_100_000, 7_300_000, 3 * 86_400_000];
  assert.deepEqual(ages.map(ageInWords), [
    "0 s",
    "40 s",
    "119 s",
    "2 min",
    "118 min",
    "2 h",
    "3 days",
  ]);
});
