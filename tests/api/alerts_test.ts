/** docs/alerts.yml: its rules are grammatical, stand on metrics that there are, and fire. */
import assert from "node:assert/strict";
import { openMeter } from "../../lib/receiver/mod.ts";
import { findHostId } from "../../lib/episode/mod.ts";
import { needs } from "../skip.ts";

const RULES = new URL("../../docs/alerts.yml", import.meta.url).pathname;

const LAB_1 = findHostId("lab-1")!;

/** An alert, the series that make it fire, one minute a sample, and others that must not. */
interface Case {
  readonly alert: string;
  readonly series: string;
  readonly bad: string;
  readonly good: string;
}

const CASES: readonly Case[] = [
  { alert: "Cis490ReceiverDown", series: 'up{job="cis490"}', bad: "0x120", good: "1x120" },
  { alert: "Cis490ReceiverNotReady", series: "cis490_ready", bad: "0x120", good: "1x120" },
  {
    alert: "Cis490DiskNearlyFull",
    series: "cis490_store_free_bytes",
    bad: "2e9x120",
    good: "9e9x120",
  },
  {
    alert: "Cis490WindowStale",
    series: "cis490_window_age_seconds",
    bad: "7200x120",
    good: "60x120",
  },
  {
    alert: "Cis490WindowNotFromForgejo",
    series: 'cis490_window_info{source="last-known",branch="main"}',
    bad: "1x120",
    good: "0x120",
  },
  {
    alert: "Cis490HostSilent",
    series: 'cis490_last_episode_timestamp_seconds{host="lab-1"}',
    bad: "-90000x120",
    good: "0x120",
  },
  {
    alert: "Cis490EpisodesRefused",
    series: 'cis490_requests_total{route="/v1/episodes/*",outcome="bad-meta"}',
    bad: "0+1x120",
    good: "7x120",
  },
  {
    alert: "Cis490Unauthorized",
    series: 'cis490_requests_total{route="/v1/ping",outcome="unauthorized"}',
    bad: "0+5x120",
    good: "0+0.1x120",
  },
  {
    alert: "Cis490InternalFault",
    series: 'cis490_requests_total{route="/v1/ping",outcome="internal"}',
    bad: "0+1x120",
    good: "3x120",
  },
  {
    alert: "Cis490SyncSlow",
    series: 'cis490_sync_seconds_bucket{step="piece",le="0.1"}',
    bad: "0x120",
    good: "0+60x120",
  },
];

Deno.test("every metric of an alert is one that the receiver has", async () => {
  const meter = await openMeter();
  meter.answered("/", "ok");
  meter.synced("piece", 1);
  meter.stored(LAB_1, 1, 1);
  const window = { source: "forgejo", branch: "main", commits: 1, ageS: 0 };
  const readings = { version: "1", isReady: true, window, freeBytes: 1, reserveBytes: 1 };
  const partials = { count: 0, bytes: 0 };
  const totals = [{ host: LAB_1, episodes: 1, bytes: 1, lastStoredMs: 1 }];
  const { text } = await meter.render({ ...readings, uploadsUnderWay: 0, partials, totals });
  const used = (await Deno.readTextFile(RULES)).match(/\bcis490_[a-z0-9_]+/g) ?? [];
  assert.ok(used.length >= CASES.length - 1, `${used.length}`);
  for (const name of used) assert.match(text, new RegExp(`^${name}[ {]`, "m"), name);
});

Deno.test({
  ...needs("every alert fires when it should, and only then", { commands: ["promtool"] }),
  async fn() {
    const alerts = [...(await Deno.readTextFile(RULES)).matchAll(/- alert: (\w+)/g)]
      .map(([, name]) => name);
    assert.deepEqual(CASES.map(({ alert }) => alert), alerts);
    for (const { alert, series, bad, good } of CASES) {
      assert.equal(await firesIn(alert, series, bad), true, `${alert} fires`);
      assert.equal(await firesIn(alert, series, good), false, `${alert} is silent`);
    }
  },
});

/** Whether the alert fires after 90 minutes of this series, by `promtool test rules`. */
async function firesIn(alert: string, series: string, values: string): Promise<boolean> {
  const test = {
    rule_files: [RULES],
    evaluation_interval: "1m",
    tests: [{
      interval: "1m",
      input_series: [
        { series, values },
        { series: "cis490_store_reserve_bytes", values: "1e9x120" },
        { series: 'cis490_sync_seconds_bucket{step="piece",le="10"}', values: "0+60x120" },
        { series: 'cis490_sync_seconds_bucket{step="piece",le="+Inf"}', values: "0+60x120" },
      ].filter(({ series }) => series.startsWith("cis490_sync") === (alert === "Cis490SyncSlow")),
      // No alert is expected: where one fires, promtool fails and shows it.
      alert_rule_test: [{ eval_time: "90m", alertname: alert, exp_alerts: [] }],
    }],
  };
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    // JSON is YAML (YAML 1.2, section 1.3).
    await Deno.writeTextFile(file, JSON.stringify(test));
    const { success, stdout, stderr } = await new Deno.Command("promtool", {
      args: ["test", "rules", file],
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.match(said, success ? /SUCCESS/ : /got:\[\s*0:/, said);
    return !success;
  } finally {
    await Deno.remove(file);
  }
}
