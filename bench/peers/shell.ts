/** P2, the floor of convenience: a shell line an episode, nginx with WebDAV; nothing is checked, nothing synced. */
import { freePort } from "../../tests/tls/caddy.ts";
import { Server } from "../server.ts";
import { linesOf, type Peer, type Place, type Ready } from "./peer.ts";

const SEND = `
set -euo pipefail
data_dir=$1 url=$2 ca=$3 cert=$4 key=$5
cd "$data_dir/episodes"
for id in *; do
  tar -C "$id" -cf - . | zstd -3 -T0 -q |
    curl -fsS --cacert "$ca" --cert "$cert" --key "$key" -T - "$url/$id.tar.zst"
done
`;

export const shell: Peer = {
  name: "P2",
  title: "shell: tar | zstd -3 -T0 | curl, nginx with WebDAV; no check, no fsync",
  needs: ["nginx", "zstd", "curl", "openssl"],
  async open(place, stack): Promise<Ready> {
    const { workDir, dataDir, ca, client } = place;
    const port = freePort();
    await Deno.mkdir(`${workDir}/store`);
    await Deno.writeTextFile(`${workDir}/nginx.conf`, configuration(place, port));
    const receiver = stack.use(
      await Server.start({
        args: ["nginx", "-p", workDir, "-c", `${workDir}/nginx.conf`],
        listen: `127.0.0.1:${port}`,
        log: `${workDir}/nginx.log`,
      }),
    );
    const url = `https://localhost:${port}`;
    const args = ["bash", "-c", SEND, "bash", dataDir, url, ca, client.cert, client.key];
    return {
      sender: { args },
      receiver,
      arrived: `${workDir}/store`,
      countRequests: linesOf(`${workDir}/access.log`),
    };
  },
};

function configuration({ workDir, server, ca }: Place, port: number): string {
  return `daemon off;
master_process off;
pid ${workDir}/nginx.pid;
error_log ${workDir}/error.log;
events {}
http {
  access_log ${workDir}/access.log;
  client_body_temp_path ${workDir}/incoming;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${server.cert};
    ssl_certificate_key ${server.key};
    ssl_client_certificate ${ca};
    ssl_verify_client on;
    root ${workDir}/store;
    location / { dav_methods PUT; }
  }
}
`;
}
