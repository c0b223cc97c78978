/** A lab host whose receiver nobody answers for, to measure what goes on without one. */

/** Writes its configuration, with these lines in `[queue]`; returns the path. Data lies in `root`/data. */
export async function configureLabHost(root: string, queue: string): Promise<string> {
  const path = `${root}/lab-host.toml`;
  await Deno.writeTextFile(
    path,
    `host_id = "lab-host-01"
data_dir = "${root}/data"
[receiver]
url = "http://127.0.0.1:9"
token_file = "${root}/token"
[queue]
${queue}
`,
  );
  return path;
}
