/** P3: packed by the same tar and zstd, then rclone to its own WebDAV server. */
import { freePort } from "../../tests/tls/caddy.ts";
import { Server } from "../server.ts";
import type { Peer, Ready } from "./peer.ts";

const SEND = `
set -euo pipefail
data_dir=$1 staging=$2 url=$3 ca=$4 cert=$5 key=$6
mkdir "$staging"
cd "$data_dir/episodes"
for id in *; do tar -C "$id" -cf - . | zstd -3 -T0 -q > "$staging/$id.tar.zst"; done
exec rclone copy --config /dev/null --ca-cert "$ca" --client-cert "$cert" --client-key "$key" \\
  --webdav-url "$url" --transfers 4 "$staging" :webdav:
`;

export const rclone: Peer = {
  name: "P3",
  title: "rclone: tar | zstd -3 -T0 to files, rclone copy to rclone serve webdav",
  needs: ["rclone", "zstd", "openssl"],
  async open(place, stack): Promise<Ready> {
    const { workDir, dataDir, ca, server, client } = place;
    const port = freePort();
    const store = `${workDir}/store`;
    await Deno.mkdir(store);
    const receiver = stack.use(
      await Server.start({
        args: [
          ...["rclone", "serve", "webdav", "--config", "/dev/null", "--addr", `127.0.0.1:${port}`],
          ...["--cert", server.cert, "--key", server.key, "--client-ca", ca, store],
        ],
        env: { HOME: workDir },
        listen: `127.0.0.1:${port}`,
        log: `${workDir}/rclone.log`,
      }),
    );
    const url = `https://localhost:${port}`;
    const args = [dataDir, `${workDir}/staging`, url, ca, client.cert, client.key];
    return {
      sender: { args: ["bash", "-c", SEND, "bash", ...args], env: { HOME: workDir } },
      receiver,
      arrived: store,
    };
  },
};
