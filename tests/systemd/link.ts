/** A cable between two hosts, and what can be wrong with it. */
import { type Host, must } from "./lab.ts";

export interface Link {
  /** Unplugs or plugs in: both ends see at once that there is no network. */
  setUp(up: boolean): Promise<void>;
  /** Packets vanish, and nobody is told: connections run into their time-outs. */
  setBlackHole(on: boolean): Promise<void>;
  /** So many packets in a thousand are lost, in each direction. */
  setLossPerMille(perMille: number): Promise<void>;
  /** The most that goes through in each direction; undefined: no limit. */
  setRateMbit(mbit: number | undefined): Promise<void>;
}

/** Addresses of the two ends. */
export const ADDRESSES = ["10.77.0.1", "10.77.0.2"] as const;

/**
 * Connects two hosts: the first is 10.77.0.1 (`lab`), the second 10.77.0.2 (`pi`). The cable stays through reboots and
 * power cuts, as a real one does.
 */
export async function link(first: Host, second: Host): Promise<Link> {
  const hosts = [first, second] as const;
  await must("ip", [
    ...["link", "add", "name", "eth0", "netns", `${first.pid}`, "type", "veth"],
    ...["peer", "name", "eth0", "netns", `${second.pid}`],
  ]);
  const each = async (command: (end: 0 | 1) => readonly string[]) => {
    for (const end of [0, 1] as const) {
      await must("nsenter", [`--net=${hosts[end].state}/netns`, ...command(end)]);
    }
  };
  const setUp = (up: boolean) =>
    each(() => ["ip", "link", "set", "dev", "eth0", up ? "up" : "down"]);
  /** Replaces the rules for what comes in. */
  const filter = (rule: string) =>
    each(() => [
      "sh",
      "-c",
      `nft delete table inet lab 2>/dev/null; [ -z "$1" ] || nft "add table inet lab; ` +
      `add chain inet lab in { type filter hook input priority 0; }; add rule inet lab in $1"`,
      "filter",
      rule,
    ]);
  await each((end) => ["ip", "address", "add", `${ADDRESSES[end]}/24`, "dev", "eth0"]);
  await setUp(true);
  return {
    setUp,
    setBlackHole: (on) => filter(on ? "iifname eth0 drop" : ""),
    setLossPerMille: (perMille) =>
      filter(perMille === 0 ? "" : `iifname eth0 numgen random mod 1000 < ${perMille} drop`),
    setRateMbit: (mbit) =>
      each(() =>
        mbit === undefined ? ["sh", "-c", "tc qdisc del dev eth0 root 2>/dev/null || :"] : [
          ...["tc", "qdisc", "replace", "dev", "eth0", "root", "tbf"],
          ...["rate", `${mbit}mbit`, "burst", "32kbit", "latency", "400ms"],
        ]
      ),
  };
}
