/** This program: the compiled binary on both ends, Caddy with the installed configuration between them. */
import { fileURLToPath } from "node:url";
import { freePort } from "../../tests/tls/caddy.ts";
import { CADDYFILE, frontEnvironment } from "../../tests/transport/front.ts";
import { BINARY } from "../../tests/e2e/lab.ts";
import { Server } from "../server.ts";
import { linesOf, type Peer, type Place, type Ready } from "./peer.ts";

const HOST = "lab-host-01";
const CADDY_LOG = fileURLToPath(new URL("access_log.caddy", import.meta.url));

export const cis490: Peer = {
  name: "cis490",
  title: "cis490: the compiled binary on both ends, Caddy",
  needs: ["caddy", "openssl", "git"],
  open: (place, stack) => openCis490(place, stack, { ship: [BINARY], receive: [BINARY] }),
};

/** What is run as this program, at each end: it may stand behind another command that watches it. */
export interface Programs {
  readonly ship: readonly string[];
  readonly receive: readonly string[];
}

export async function openCis490(
  place: Place,
  stack: AsyncDisposableStack,
  programs: Programs,
): Promise<Ready> {
  const { workDir } = place;
  const port = freePort();
  const socket = `${workDir}/receive.sock`;
  await configure(place, socket, port);
  const args = [...programs.receive, "receive", "--config", `${workDir}/receiver.toml`];
  const receiver = stack.use(
    await Server.start({ args, listen: socket, log: `${workDir}/receiver.log` }),
  );
  const accessLog = `${workDir}/access.log`;
  const env = {
    ...frontEnvironment(workDir, place.server, place.ca, socket, port),
    // The Caddyfile imports it, as it would what pki.sh writes.
    CIS490_REVOKED: CADDY_LOG,
    CIS490_BENCH_ACCESS_LOG: accessLog,
  };
  const proxy = stack.use(
    await Server.start({
      args: ["caddy", "run", "--adapter", "caddyfile", "--config", CADDYFILE],
      env,
      listen: `127.0.0.1:${port}`,
      log: `${workDir}/caddy.log`,
    }),
  );
  const ship = ["ship", "--once", "--no-progress", "--config", `${workDir}/lab-host.toml`];
  return {
    sender: { args: [...programs.ship, ...ship] },
    receiver,
    proxy,
    arrived: `${workDir}/store/episodes/${HOST}`,
    countRequests: linesOf(accessLog),
  };
}

async function configure(place: Place, socket: string, port: number): Promise<void> {
  const { workDir, dataDir, codeDir } = place;
  await Deno.mkdir(`${workDir}/store`);
  await Deno.writeTextFile(
    `${workDir}/receiver.toml`,
    `listen = "unix:${socket}"
store_dir = "${workDir}/store"
tokens_file = "${workDir}/tokens.toml"
proxy_identity = true
[window]
local_repo_path = "${codeDir}"
`,
  );
  await Deno.writeTextFile(
    `${workDir}/lab-host.toml`,
    `host_id = "${HOST}"
data_dir = "${dataDir}"
[receiver]
url = "https://localhost:${port}"
token_file = "${workDir}/token"
ca_bundle = "${place.ca}"
client_cert = "${place.client.cert}"
client_key = "${place.client.key}"
[queue]
settle_s = 0
`,
  );
  const { stdout, stderr, success } = await new Deno.Command(BINARY, {
    args: ["receive", "token", "add", HOST, "--config", `${workDir}/receiver.toml`],
  }).output();
  if (!success) throw new Error(`no token: ${new TextDecoder().decode(stderr)}`);
  await Deno.writeFile(`${workDir}/token`, stdout);
}
