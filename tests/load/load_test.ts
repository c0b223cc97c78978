/** The scenarios of `./denow task load`, small: that they work, and the limits of memory. Times are for the task. */
import assert from "node:assert/strict";
import { needs } from "../skip.ts";
import { MIB } from "./crowd.ts";
import { fairShare } from "./fair_share.ts";
import { largeUploads } from "./large_uploads.ts";
import { slowLoris } from "./slow_loris.ts";
import { smallEpisodes } from "./small_episodes.ts";

Deno.test({
  ...needs("one host with a hundred uploads does not starve another's single one", {
    commands: ["curl"],
  }),
  async fn() {
    const { refusedMeanwhile } = await fairShare(100, 3);
    assert.ok(refusedMeanwhile > 0, "the crowd was there");
  },
});

Deno.test("two hundred clients that send a byte now and then hold up nobody", async () => {
  const { served } = await slowLoris(200, 4000);
  assert.ok(served >= 2, `${served}`);
});

Deno.test("small episodes of many hosts are all stored, each once, in little memory", async () => {
  const { peakRssBytes } = await smallEpisodes(16, 500);
  assert.ok(peakRssBytes < 250 * MIB, `${peakRssBytes}`);
});

Deno.test("large archives at once are stored in little memory", async () => {
  const { peakRssBytes } = await largeUploads(4, 40 * MIB);
  assert.ok(peakRssBytes < 300 * MIB, `${peakRssBytes}`);
});
