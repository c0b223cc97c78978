/**
 * The receiver under load, at full size: `./denow task load [loris|small|large|fair]...`, all of them when none is named.
 * 10 GB of disk, some ten minutes. The last figures stand in docs/receiver.md.
 */
import assert from "node:assert/strict";
import { MIB, mib } from "./crowd.ts";
import { fairShare } from "./fair_share.ts";
import { largeUploads } from "./large_uploads.ts";
import { slowLoris } from "./slow_loris.ts";
import { smallEpisodes } from "./small_episodes.ts";

const SCENARIOS: Readonly<Record<string, () => Promise<string>>> = {
  async loris() {
    const { served, medianMs, p95Ms, aloneMedianMs } = await slowLoris(200, 60_000);
    return `200 slow connections for 60 s: ${served} of ${served} rounds (PUT and ping) served, ` +
      `median ${medianMs} ms, 95 % below ${p95Ms} ms; alone ${aloneMedianMs} ms`;
  },
  async small() {
    const { seconds, perSecond, peakRssBytes } = await smallEpisodes(64, 20_000);
    assert.ok(peakRssBytes < 250 * MIB, mib(peakRssBytes));
    return `64 clients, 20,000 small episodes: all stored in ${Math.round(seconds)} s ` +
      `(${Math.round(perSecond)}/s), peak RSS ${mib(peakRssBytes)}`;
  },
  async large() {
    const { archiveBytes, seconds, mbPerSecond, peakRssBytes } = await largeUploads(8, 1e9);
    assert.ok(peakRssBytes < 300 * MIB, mib(peakRssBytes));
    return `8 uploads of ${Math.round(archiveBytes / 1e6)} MB at once: all stored in ` +
      `${Math.round(seconds)} s (${Math.round(mbPerSecond)} MB/s), peak RSS ${mib(peakRssBytes)}`;
  },
  async fair() {
    const { medianMs, longestMs, aloneMs, storedMeanwhile, refusedMeanwhile } = await fairShare(
      500,
      10,
    );
    return `one host with 500 uploads of 3 MB: another's single one takes ${medianMs} ms ` +
      `(longest of 10: ${longestMs} ms; alone ${aloneMs} ms); meanwhile ${storedMeanwhile} of the ` +
      `500 are stored and ${refusedMeanwhile} tries refused`;
  },
};

const named = Deno.args.length > 0 ? Deno.args : Object.keys(SCENARIOS);
for (const name of named) {
  const scenario = SCENARIOS[name];
  assert.ok(scenario, `no scenario ${name}; there are ${Object.keys(SCENARIOS).join(", ")}`);
  console.log(`${name}: ${await scenario()}`);
}
