/** P4, the limit: the same bytes read, digested, compressed and written once, in sequence; no network, nothing apart. */
import type { Peer, Ready } from "./peer.ts";

const READ = `
set -euo pipefail
tar -C "$1/episodes" -cf - . | tee >(sha256sum > "$2/digest") | zstd -3 -T0 -q |
  dd bs=1M iflag=fullblock conv=fsync status=none of="$2/store/all.tar.zst"
wait
`;

export const limit: Peer = {
  name: "P4",
  title: "the limit: tar | sha256sum and zstd -3 -T0 | one write with fsync; no network",
  needs: ["zstd"],
  async open({ dataDir, workDir }): Promise<Ready> {
    await Deno.mkdir(`${workDir}/store`);
    return {
      sender: { args: ["bash", "-c", READ, "bash", dataDir, workDir] },
      arrived: `${workDir}/store`,
    };
  },
};
