/** One run of one peer: its servers started, the sender measured, what arrived compared, everything put back. */
import { compare } from "./compare.ts";
import { loopbackBytes, measure, syncFileSystem } from "./measure.ts";
import type { Peer, Place } from "./peers/peer.ts";
import type { Server } from "./server.ts";

/** What one end took. */
export interface End {
  readonly cpuS: number;
  readonly peakRssBytes: number;
}

/** What one run took. Undefined: the peer has no such part, or nobody counts it. */
export interface Figures {
  /** Until the last episode was acknowledged and the file system synced. */
  readonly wallS: number;
  readonly sender: End;
  readonly receiver: End | undefined;
  readonly proxy: End | undefined;
  /** In both directions, with the headers of TLS, TCP and IP. */
  readonly wireBytes: number;
  readonly requests: number | undefined;
}

export async function run(peer: Peer, place: Place): Promise<Figures> {
  const { workDir, dataDir } = place;
  await Deno.mkdir(workDir);
  try {
    let figures: Figures;
    let arrived: string;
    {
      await using stack = new AsyncDisposableStack();
      const ready = await peer.open(place, stack);
      arrived = ready.arrived;
      const servers = [ready.receiver, ready.proxy];
      await syncFileSystem(workDir);
      for (const server of servers) server?.begin();
      const requestsBefore = await ready.countRequests?.() ?? 0;
      const bytesBefore = loopbackBytes();
      const { wallS, ...sender } = await measure(ready.sender, workDir, `${workDir}/sender.log`);
      const requests = await ready.countRequests?.();
      figures = {
        wallS,
        sender,
        receiver: endOf(ready.receiver),
        proxy: endOf(ready.proxy),
        wireBytes: loopbackBytes() - bytesBefore,
        requests: requests === undefined ? undefined : requests - requestsBefore,
      };
    }
    await putBack(dataDir);
    await compare(arrived, `${dataDir}/episodes`, workDir);
    return figures;
  } finally {
    await Deno.remove(workDir, { recursive: true });
  }
}

function endOf(server: Server | undefined): End | undefined {
  return server && { cpuS: server.cpuS, peakRssBytes: server.peakRssBytes };
}

/** The episodes that were retired return to the queue; nothing else stays of the run. */
export async function putBack(dataDir: string): Promise<void> {
  const shipped = `${dataDir}/shipped`;
  for (const { name } of await Array.fromAsync(Deno.readDir(shipped)).catch(() => [])) {
    await Deno.rename(`${shipped}/${name}/episode`, `${dataDir}/episodes/${name}`);
  }
  for (const { name } of await Array.fromAsync(Deno.readDir(dataDir))) {
    if (name !== "episodes") await Deno.remove(`${dataDir}/${name}`, { recursive: true });
  }
}
