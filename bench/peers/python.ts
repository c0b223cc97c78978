/** P1, the shape of the original: Python, one episode at a time; Caddy; uvicorn with FastAPI. */
import { fileURLToPath } from "node:url";
import { freePort } from "../../tests/tls/caddy.ts";
import { Server } from "../server.ts";
import { linesOf, type Peer, type Place, type Ready } from "./peer.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Kept from one benchmark to the next: dist/ is nobody's source. */
const VENV = here("../../dist/bench/venv");
const REQUIREMENTS = here("python/requirements.txt");

export const python: Peer = {
  name: "P1",
  title: "Python: tar | zstd -3 -T0, sha256, httpx; Caddy; FastAPI with sha256, fsync, rename",
  needs: ["/usr/bin/python3", "caddy", "zstd", "openssl"],
  prepare,
  async open(place, stack): Promise<Ready> {
    const { workDir, dataDir, client } = place;
    const port = freePort();
    const socket = `${workDir}/uvicorn.sock`;
    const store = `${workDir}/store`;
    await Deno.mkdir(store);
    await Deno.writeTextFile(`${workDir}/Caddyfile`, caddyfile(place, socket, port));
    const receiver = stack.use(
      await Server.start({
        args: [
          ...[`${VENV}/bin/uvicorn`, "--app-dir", here("python"), "--uds", socket],
          ...["--no-access-log", "--log-level", "warning", "server:app"],
        ],
        env: { STORE: store, STAMP: place.stamp },
        listen: socket,
        log: `${workDir}/uvicorn.log`,
      }),
    );
    const home = { HOME: workDir, XDG_CONFIG_HOME: workDir, XDG_DATA_HOME: workDir };
    const proxy = stack.use(
      await Server.start({
        args: ["caddy", "run", "--adapter", "caddyfile", "--config", `${workDir}/Caddyfile`],
        env: home,
        listen: `127.0.0.1:${port}`,
        log: `${workDir}/caddy.log`,
      }),
    );
    const url = `https://localhost:${port}`;
    const args = [dataDir, workDir, url, place.ca, client.cert, client.key];
    return {
      sender: { args: [`${VENV}/bin/python`, here("python/client.py"), ...args] },
      receiver,
      proxy,
      arrived: store,
      countRequests: linesOf(`${workDir}/requests.log`),
    };
  },
};

function caddyfile({ server, ca }: Place, socket: string, port: number): string {
  return `{
	admin off
	auto_https off
}
https://:${port} {
	tls ${server.cert} ${server.key} {
		client_auth {
			mode require_and_verify
			trusted_ca_cert_file ${ca}
		}
	}
	reverse_proxy unix/${socket}
}
`;
}

async function prepare(): Promise<void> {
  const wanted = await Deno.readTextFile(REQUIREMENTS);
  const stamp = `${VENV}/requirements.txt`;
  if (await Deno.readTextFile(stamp).catch(() => "") === wanted) return;
  console.error("bench: Python's packages for P1, from PyPI");
  await run("/usr/bin/python3", ["-m", "venv", "--clear", VENV]);
  await run(`${VENV}/bin/pip`, ["install", "--quiet", "--requirement", REQUIREMENTS]);
  await Deno.writeTextFile(stamp, wanted);
}

async function run(command: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${command} ${args[0]} failed; its words stand above`);
}
