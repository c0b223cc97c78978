/** `cis490 ping`: the way to the receiver, layer by layer. */
import { chooseConfigFile, loadLabHostConfig } from "../lib/config/mod.ts";
import { type LayerReport, probeReceiver, type ProbeReport } from "../lib/transport/mod.ts";
import { formatDuration } from "./format.ts";
import { formatTable, type Io, paint, printable } from "./print.ts";
import { realWireParts, transportOptionsOf } from "./transport.ts";

/** Exit code 0 when every layer holds, 1 when one fails. Throws ConfigError. */
export async function run(
  args: { readonly config: string | undefined; readonly json: boolean },
  io: Io,
): Promise<number> {
  const file = chooseConfigFile("lab-host", {
    flag: args.config,
    environment: io.environment("CIS490_CONFIG"),
  });
  const config = await loadLabHostConfig(file);
  const options = transportOptionsOf(config, io);
  const report = await probeReceiver(realWireParts, options, new AbortController().signal);
  if (args.json) io.json(jsonOf(options.url, report));
  else for (const line of renderProbe(report, io)) io.stdout(line);
  return report.ok ? 0 : 1;
}

const STATE_WORDS: Readonly<Record<LayerReport["state"], string>> = {
  "ok": "ok",
  "failed": "FAILED",
  "not-tried": "not tried",
  "not-used": "not used",
};

/** One line a layer; the fix under the one that failed. */
export function renderProbe({ layers }: ProbeReport, io: Pick<Io, "color">): string[] {
  const table = formatTable(layers.map(({ layer, state, ms, words }) => [
    layer,
    STATE_WORDS[state],
    ms === undefined ? "" : formatDuration(ms),
    printable(words),
  ]));
  return layers.flatMap(({ state, fix }, at) => {
    const line = table[at] ?? "";
    if (state === "ok") return [paint(io, "green", line)];
    if (state !== "failed") return [line];
    return [paint(io, "red", line), ...(fix === undefined ? [] : [`  fix: ${printable(fix)}`])];
  });
}

function jsonOf(url: string, { ok, layers, pong, clockDifferenceMs }: ProbeReport): unknown {
  return {
    ok,
    url,
    layers: layers.map(({ layer, state, ms, words, fix }) => ({
      layer,
      state,
      ms: ms === undefined ? null : Number(ms.toFixed(2)),
      words,
      fix: fix ?? null,
    })),
    receiver: pong ?? null,
    clock_difference_ms: clockDifferenceMs ?? null,
  };
}
