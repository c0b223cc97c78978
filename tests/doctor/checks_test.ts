/** What each check makes of facts that the matrix on booted hosts does not bring about, or not in all their shades. */
import assert from "node:assert/strict";
import { FsError } from "../../lib/sys/mod.ts";
import type { LabHostFacts, Row } from "../../lib/doctor/mod.ts";
import { type EpisodeId, findEpisodeId } from "../../lib/episode/mod.ts";
import {
  DAY_MS,
  labHostRows,
  layersUpTo,
  NOW_MS,
  QUIET,
  receiverRows,
  stampOf,
  statOf,
  unitsOf,
  wellLabHost,
} from "./well.ts";

function find(rows: readonly Row[], code: string): Row {
  const row = rows.find((row) => row.code === code);
  assert(row, `${code} has a row`);
  return row;
}

function idOf(text: string): EpisodeId {
  const id = findEpisodeId(text);
  assert(id);
  return id;
}

async function queueOf(more: object): Promise<LabHostFacts["queue"]> {
  const { queue } = await wellLabHost();
  assert(queue.kind === "seen");
  return { kind: "seen", value: { ...queue.value, ...more } };
}

async function probeOf(more: Partial<LabHostFacts["probe"]>): Promise<LabHostFacts["probe"]> {
  return { ...(await wellLabHost()).probe, ...more };
}

Deno.test("the clock: half a minute is yellow, ten are red, in both directions", async () => {
  for (
    const [differenceMs, severity, words] of [
      [29_000, "green", /agrees/],
      [31_000, "yellow", /31 s behind/],
      [-31_000, "yellow", /31 s ahead of/],
      [600_000, "red", /10 min behind/],
    ] as const
  ) {
    const row = find(
      await labHostRows({ probe: await probeOf({ clockDifferenceMs: differenceMs }) }),
      "clock-wrong",
    );
    assert.equal(row.severity, severity);
    assert.match(row.cause, words);
  }
});

Deno.test("a clock that nobody keeps is yellow only while no receiver tells the time", async () => {
  const timekeeping = { isOn: false, isSynchronized: false };
  assert.equal(find(await labHostRows({ timekeeping }), "clock-wrong").severity, "green");
  const probe = await probeOf({ clockDifferenceMs: undefined });
  assert.equal(find(await labHostRows({ timekeeping, probe }), "clock-wrong").severity, "yellow");
});

Deno.test("a certificate: yellow from 14 days, red from 3", async () => {
  for (
    const [days, severity] of [[14, "green"], [13.9, "yellow"], [3, "yellow"], [
      2.9,
      "red",
    ]] as const
  ) {
    const expiresAtMs = NOW_MS + days * DAY_MS;
    const set = { caBundle: "", pair: { cert: "", key: "" } };
    const value = { kind: "ready", set, expiresAtMs, complaint: undefined } as const;
    const rows = await labHostRows({ certificates: { kind: "seen", value } });
    assert.equal(find(rows, "certificate-expiring").severity, severity, `${days}`);
  }
});

Deno.test("quarantine: yellow a week before the end, never for a name that is taken, nor when kept for ever", async () => {
  const of = async (ageDays: number, code: string, more = "") => {
    const reason = {
      code,
      names: ["a"],
      detail: "d",
      remediation: undefined,
      oldestMs: NOW_MS - ageDays * DAY_MS,
    };
    const rows = await labHostRows({ quarantined: { kind: "seen", value: [reason] } }, more);
    return find(rows, "quarantine-ends").severity;
  };
  assert.equal(await of(22, "unstamped"), "green");
  assert.equal(await of(24, "unstamped"), "yellow");
  assert.equal(await of(31, "unstamped"), "yellow");
  assert.equal(await of(31, "different-episode"), "green");
  assert.equal(await of(400, "unstamped", "[queue]\nquarantine_keep_days = 0\n"), "green");
});

Deno.test("an old backlog is yellow unless all of it is held, or a cause stands above it", async () => {
  const oldest = { id: idOf("a"), sinceMs: NOW_MS - 2 * 3600_000 };
  const waits = { episodes: 1, oldest, bytes: 5 * 2 ** 20 };
  const row = find(await labHostRows({ queue: await queueOf(waits) }), "backlog-old");
  assert.equal(row.severity, "yellow");
  assert.equal(row.fix, "sudo cis490 why a");
  assert.match(row.cause, /^1 episode waits \(5 MiB\), the oldest for 2 h; the last was shipped/);
  const held = [{ id: oldest.id, stamp: stampOf("a") }];
  const rows = await labHostRows({ queue: await queueOf({ ...waits, held }) });
  assert.equal(find(rows, "backlog-old").severity, "green");
  const away = await labHostRows({
    queue: await queueOf(waits),
    probe: await probeOf({ ok: false, layers: layersUpTo("tcp") }),
  });
  assert(find(away, "receiver-unreachable").hides.includes("backlog-old"));
});

Deno.test("held episodes whose commit is accepted by now are no alarm; of others the rest is counted", async () => {
  const held = [
    { id: idOf("a"), stamp: stampOf("a") },
    { id: idOf("b"), stamp: stampOf("c") },
  ];
  const one = find(await labHostRows({ queue: await queueOf({ held }) }), "out-of-window");
  assert.match(one.cause, /^1 ship\(s\) rejected as out-of-window: held: b$/);
  const none = await labHostRows({ queue: await queueOf({ held: held.slice(0, 1) }) });
  assert.equal(find(none, "out-of-window").severity, "green");
});

Deno.test("what is held is counted on the disk and in the journal, and the higher number told", async () => {
  const { journal } = await wellLabHost();
  assert(journal.kind === "seen");
  const row = async (saidCount: number, onDisk: number) => {
    const held = {
      ...{ count: saidCount, code: "out-of-window", status: 412, detail: "too old" },
      ...{ remediation: undefined, atMs: NOW_MS, ids: [] },
    };
    const ids = Array.from({ length: onDisk }, (_, at) => ({ id: idOf(`e-${at}`) }));
    const rows = await labHostRows({
      journal: { kind: "seen", value: { ...journal.value, held } },
      queue: await queueOf({ held: ids.map(({ id }) => ({ id, stamp: stampOf("c") })) }),
    });
    return find(rows, "out-of-window");
  };
  // The shipper counted when the first three were held, and nine followed.
  assert.match((await row(3, 12)).cause, /^12 ship\(s\)/);
  assert.match((await row(12, 3)).cause, /^12 ship\(s\)/);
  assert.equal((await row(0, 3)).severity, "green");
});

Deno.test("what is left in outbox/ is swept by a pass", async () => {
  const queue = await queueOf({ orphans: [idOf("gone")] });
  const row = find(await labHostRows({ queue }), "outbox-orphans");
  assert.equal(row.fix, "sudo cis490 ship --now");
});

Deno.test("a refusal tells the receiver's remedy, and is history after the pull that it asked for", async () => {
  const remediation = "cd /opt/cis490 && git pull && sudo ./install/install-lab-host.sh";
  const refused = [{
    count: 3,
    code: "unstamped",
    status: 400,
    detail: "no commit",
    remediation,
    atMs: NOW_MS - 60_000,
    ids: ["a"],
  }];
  const journal = { kind: "seen", value: { ...QUIET, refused } } as const;
  const severity = async (pulledMs: number | undefined) => {
    const repository = { kind: "seen", commit: stampOf("a"), newer: 0, pulledMs } as const;
    return find(await labHostRows({ journal, repository }), "episodes-refused").severity;
  };
  assert.equal(await severity(undefined), "yellow");
  assert.equal(await severity(NOW_MS - 90_000), "yellow");
  assert.equal(await severity(NOW_MS - 30_000), "green");
});

Deno.test("a unit: restarts are yellow for an hour, and the watchdog is named", async () => {
  const failedRuns = new Map([["watchdog", 2]]);
  const journal = { kind: "seen", value: { ...QUIET, failedRuns } } as const;
  const restarted = (agoMs: number) =>
    labHostRows({ journal, units: unitsOf({ restarts: 2, activeSinceMs: NOW_MS - agoMs }) });
  const row = find(await restarted(60_000), "shipper-restarts");
  assert.equal(row.severity, "yellow");
  assert.match(
    row.cause,
    /2 times, the last 60 s ago; in the last 10 min it failed: 2 by watchdog/,
  );
  assert.equal(find(await restarted(2 * 3600_000), "shipper-restarts").severity, "green");
});

Deno.test("a unit that fails again and again quotes its last error", async () => {
  const lastError = "cis490: /etc/x: no such file";
  const rows = await labHostRows({
    journal: { kind: "seen", value: { ...QUIET, lastError } },
    units: unitsOf({ activeState: "activating", restarts: 4, result: "exit-code", exitStatus: 2 }),
  });
  assert.equal(
    find(rows, "shipper-down").cause,
    "cis490-shipper fails (exit code 2, 4 restarts): cis490: /etc/x: no such file",
  );
});

Deno.test("an installed program that is older than the repository, or than what runs, is yellow", async () => {
  const repository = { kind: "seen", commit: stampOf("a"), newer: 3, pulledMs: undefined } as const;
  assert.match(
    find(await labHostRows({ repository }), "version-behind").fix ?? "",
    /install-lab-host/,
  );
  const status = {
    version: "0.9.0",
    commit: stampOf("b"),
    pid: 1,
    time: NOW_MS,
    episodes: {},
    nothing_sent: null,
  };
  assert.equal(
    find(await labHostRows({ status }), "version-behind").fix,
    "sudo systemctl restart cis490-shipper",
  );
});

Deno.test("what this user may not look at is unseen, and never red", async () => {
  const why = new FsError("open", "/var/lib/cis490/episodes", "EACCES");
  const rows = await labHostRows({
    queue: { kind: "unseen", why },
    quarantined: { kind: "unseen", why },
    certificates: { kind: "unseen", why },
    main: { kind: "unseen", path: "/var/lib/cis490", error: why },
  });
  for (const code of ["data-dir-unusable", "certificate-not-ready"]) {
    assert.equal(find(rows, code).severity, "unseen");
    assert.equal(find(rows, code).fix, "sudo cis490 doctor");
  }
  assert(rows.every(({ severity }) => severity !== "red"));
});

Deno.test("a lab host whose receiver is this machine has one row for one cause, and no ssh", async () => {
  const rows = await labHostRows({
    receiverIsHere: true,
    probe: await probeOf({ ok: false, layers: layersUpTo("token"), addresses: ["127.0.0.1"] }),
  });
  assert.match(find(rows, "token-refused").fix ?? "", /^sudo cis490 receive token add lab-1 \| /);
});

Deno.test("a receiver: no tokens yet, a fallback for Forgejo, a window that is not read anew", async () => {
  const gone = new FsError("lstat", "/etc/cis490/tokens.toml", "ENOENT");
  assert.equal(find(await receiverRows({ tokens: gone }), "tokens-missing").severity, "yellow");
  const window = {
    branch: "main",
    source: "git-fallback" as const,
    read_at: new Date(NOW_MS - 3600_000).toISOString(),
    commits: [stampOf("a")],
  };
  assert.equal(find(await receiverRows({ window }), "window-unknown").severity, "yellow");
  const forgejo = `[window]\nforgejo_url = "http://127.0.0.1:3000"\nrepository = "a/b"\n`;
  const row = find(await receiverRows({ window }, forgejo), "window-unknown");
  assert.match(
    row.cause,
    /^Forgejo does not answer: 1 commits of main from git-fallback, read 60 min ago/,
  );
  const ready = { kind: "answer", value: { ready: false, reasons: ["disk"] } } as const;
  assert.equal(find(await receiverRows({ ready }), "receiver-not-ready").severity, "red");
});

Deno.test("a tokens file of mode 0640 is well", async () => {
  const rows = await receiverRows({ tokens: statOf("file", 0o640, 0) });
  assert.equal(find(rows, "tokens-missing").severity, "green");
});
