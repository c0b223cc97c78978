/** What arrived against what was sent: unpacked by tar and zstd, compared by diff, file for file. */

const UNPACK = `
set -eu
for archive; do
  id=$(basename "$archive" .tar.zst)
  # P4 makes one archive of all.
  if [ "$id" = all ]; then into=$CIS490_BENCH_OUT; else into=$CIS490_BENCH_OUT/$id; fi
  mkdir -p "$into"
  zstd -dcq "$archive" | tar -C "$into" -xf -
done
`;

const COMPARE = `
set -euo pipefail
arrived=$1 sent=$2 unpack=$3
find "$arrived" -name '*.tar.zst' -print0 | xargs -0 -r -n 25 -P "$(nproc)" bash -c "set -o pipefail; $unpack" bash
diff -rq "$sent" "$CIS490_BENCH_OUT"
`;

/** Throws when they differ, with the first differences. */
export async function compare(arrived: string, sent: string, workDir: string): Promise<void> {
  const out = `${workDir}/unpacked`;
  await Deno.mkdir(out);
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", COMPARE, "bash", arrived, sent, UNPACK],
    env: { CIS490_BENCH_OUT: out },
    stdin: "null",
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const lines = said.split("\n").slice(0, 10).join("\n");
  throw new Error(`what arrived in ${arrived} is not what was sent:\n${lines}`);
}
