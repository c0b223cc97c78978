/** Two network namespaces, joined by a cable of which everything can be wrong. Needs root. */
import type { Needs } from "../skip.ts";

/** Addresses of the two ends; each cable is alone in its namespaces, so they never meet. */
export const LAB = "10.79.0.1";
export const PI = "10.79.0.2";

export class Cable implements AsyncDisposable {
  static #number = 0;

  private constructor(
    /** The names of the namespaces. */
    readonly lab: string,
    readonly pi: string,
  ) {}

  static async lay(): Promise<Cable> {
    const name = `cis490-${Deno.pid}-${++Cable.#number}`;
    const cable = new Cable(`${name}-lab`, `${name}-pi`);
    try {
      await ip("netns", "add", cable.lab);
      await ip("netns", "add", cable.pi);
      await ip(
        ...["link", "add", "eth0", "netns", cable.lab, "type", "veth"],
        ...["peer", "name", "eth0", "netns", cable.pi],
      );
      for (const [end, address] of [[cable.lab, LAB], [cable.pi, PI]] as const) {
        await ip("-n", end, "address", "add", `${address}/24`, "dev", "eth0");
        await ip("-n", end, "link", "set", "eth0", "up");
        await ip("-n", end, "link", "set", "lo", "up");
      }
      return cable;
    } catch (error) {
      await cable[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What is put in front of a command to run it at one end. */
  at(end: "lab" | "pi"): readonly string[] {
    return ["ip", "netns", "exec", this[end]];
  }

  /** Packets vanish in both directions, and nobody is told. */
  async setBlackHole(on: boolean): Promise<void> {
    await this.#filter(on ? "iifname eth0 drop" : undefined);
  }
  /** So many packets in a hundred vanish, in each direction. */
  async setLossPercent(percent: number): Promise<void> {
    await this.#filter(`iifname eth0 numgen random mod 100 < ${percent} drop`);
  }
  /** The most that goes through, in each direction. */
  async setRate(kbit: number): Promise<void> {
    for (const end of ["lab", "pi"] as const) {
      await run([
        ...this.at(end),
        ...["tc", "qdisc", "replace", "dev", "eth0", "root", "tbf"],
        ...["rate", `${kbit}kbit`, "burst", `${Math.max(4, kbit / 800)}kb`, "latency", "400ms"],
      ]);
    }
  }
  /** Resets every connection of the lab host, as ss(8) says. */
  async reset(): Promise<void> {
    await run([...this.at("lab"), "ss", "-K", "dst", PI]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip("netns", "del", this.lab).catch(() => {});
    await ip("netns", "del", this.pi).catch(() => {});
  }

  async #filter(rule: string | undefined): Promise<void> {
    const rules = rule === undefined
      ? "table inet cable; delete table inet cable;"
      : `table inet cable; delete table inet cable;
         table inet cable { chain in { type filter hook input priority 0; ${rule}; }; }`;
    for (const end of ["lab", "pi"] as const) await run([...this.at(end), "nft", rules]);
  }
}

async function ip(...args: string[]): Promise<void> {
  await run(["ip", ...args]);
}

async function run([command = "", ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  if (success) return;
  throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

const TRY = `
name=cis490-try-$$
trap 'ip netns del "$name"' EXIT
ip netns add "$name" && ip -n "$name" link add eth0 type veth &&
ip netns exec "$name" tc qdisc add dev eth0 root tbf rate 1mbit burst 4kb latency 400ms &&
ip netns exec "$name" nft 'table inet x { chain in { type filter hook input priority 0; iifname eth0 numgen random mod 100 < 5 drop; }; }' &&
ip netns exec "$name" ss -K dst 192.0.2.1
`;

/** What a test needs that lays a cable. */
export const CABLE: Needs = {
  root: true,
  commands: ["ip", "tc", "nft", "ss"],
  kernel: {
    feature: "network namespaces with veth, tbf, nftables and ss -K",
    present: () =>
      new Deno.Command("sh", { args: ["-c", TRY], stdout: "null", stderr: "null" })
        .outputSync().success,
  },
};
