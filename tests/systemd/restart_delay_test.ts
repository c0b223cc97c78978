import assert from "node:assert/strict";

const SCRIPT = new URL("../../systemd/restart-delay", import.meta.url).pathname;
const MINUTE_US = 60_000_000;

interface Properties {
  readonly NRestarts: number;
  readonly ActiveEnterTimestampMonotonic: number;
  readonly ActiveExitTimestampMonotonic: number;
  readonly InactiveEnterTimestampMonotonic: number;
}

/** The seconds that the script waits when systemd says this of the unit. */
async function delay(properties: Partial<Properties> | undefined): Promise<number> {
  const directory = await Deno.makeTempDir();
  const all: Properties = {
    NRestarts: 0,
    ActiveEnterTimestampMonotonic: 0,
    ActiveExitTimestampMonotonic: 0,
    InactiveEnterTimestampMonotonic: 0,
    ...properties,
  };
  const cases = Object.entries(all).map(([name, value]) => `*=${name}) echo ${value} ;;`);
  const answer = properties === undefined ? "exit 1" : `case $2 in ${cases.join("\n")} esac`;
  const program = (name: string, text: string) =>
    Deno.writeTextFile(`${directory}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await program("systemctl", answer);
  await program("sleep", `echo "$1"`);
  try {
    const { stdout } = await new Deno.Command(SCRIPT, {
      args: ["cis490-shipper"],
      env: { PATH: `${directory}:/usr/bin:/bin` },
      stderr: "null",
    }).output();
    return Number(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("the delay doubles with each restart, up to five minutes", async () => {
  const delays: number[] = [];
  for (const NRestarts of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100_000]) {
    delays.push(
      await delay({
        NRestarts,
        // It was never active, however long the machine is up.
        InactiveEnterTimestampMonotonic: 60 * MINUTE_US,
      }),
    );
  }
  assert.deepEqual(delays, [0, 0, 5, 10, 20, 40, 80, 160, 295, 295, 295]);
});

Deno.test("after a long run there is no delay; after a start that failed there is", async () => {
  const run = {
    NRestarts: 3,
    ActiveEnterTimestampMonotonic: 2 * MINUTE_US,
    ActiveExitTimestampMonotonic: 12 * MINUTE_US,
    InactiveEnterTimestampMonotonic: 12 * MINUTE_US + 1000,
  };
  assert.equal(await delay(run), 0);
  assert.equal(await delay({ ...run, ActiveEnterTimestampMonotonic: 3 * MINUTE_US }), 10);
  // A start has failed since.
  assert.equal(await delay({ ...run, InactiveEnterTimestampMonotonic: 13 * MINUTE_US }), 10);
});

Deno.test("where systemd can't be asked, nothing is delayed", async () => {
  assert.equal(await delay(undefined), 0);
});
