/** Rounds to medians, and medians to a table. */
import type { Figures } from "./run.ts";
import type { Workload } from "./workloads.ts";

/** One round: what each peer took, by its name. */
export type Round = Readonly<Record<string, Figures>>;

/** The peer that the others are compared with. */
const BASE = "P1";

/** Throws RangeError when there are none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError("the median of nothing");
  return (low + high) / 2;
}

/** The median of the ratios to `base` of the same round; undefined when that was not measured. */
export function ratio(
  rounds: readonly Round[],
  peer: string,
  base: string,
  of: (figures: Figures) => number,
): number | undefined {
  const ratios = rounds.flatMap(({ [peer]: own, [base]: other }) =>
    own === undefined || other === undefined ? [] : [of(own) / of(other)]
  );
  return ratios.length === 0 ? undefined : median(ratios);
}

/** CPU of sender, receiver and proxy. */
export function cpuS({ sender, receiver, proxy }: Figures): number {
  return sender.cpuS + (receiver?.cpuS ?? 0) + (proxy?.cpuS ?? 0);
}

const HEAD = [
  ...["peer", "wall s", `to ${BASE}`, "CPU s", `to ${BASE}`, "to P2"],
  ...["sender", "receiver", "proxy", "RSS sender MB", "receiver", "wire MB", "requests"],
];

export function formatReport(workload: Workload, rounds: readonly Round[]): string {
  const peers = Object.keys(rounds[0] ?? {});
  const rows = peers.map((peer) => rowOf(peer, rounds));
  const size = `${workload.episodes} x ${(workload.episodeBytes / 1e6).toString()} MB`;
  return `${workload.name}: ${size}, medians of ${rounds.length} rounds\n${table([HEAD, ...rows])}`;
}

function rowOf(peer: string, rounds: readonly Round[]): string[] {
  const own = rounds.flatMap(({ [peer]: figures }) => figures ?? []);
  const of = (pick: (figures: Figures) => number | undefined, digits: number) => {
    const numbers = own.flatMap((figures) => pick(figures) ?? []);
    return numbers.length === 0 ? "-" : median(numbers).toFixed(digits);
  };
  const to = (base: string, pick: (figures: Figures) => number) =>
    ratio(rounds, peer, base, pick)?.toFixed(2) ?? "-";
  const wall = ({ wallS }: Figures) => wallS;
  return [
    ...[peer, of(wall, 2), to(BASE, wall), of(cpuS, 2), to(BASE, cpuS), to("P2", cpuS)],
    of(({ sender }) => sender.cpuS, 2),
    of(({ receiver }) => receiver?.cpuS, 2),
    of(({ proxy }) => proxy?.cpuS, 2),
    of(({ sender }) => sender.peakRssBytes / 1e6, 0),
    of(({ receiver }) => receiver && receiver.peakRssBytes / 1e6, 0),
    of(({ wireBytes }) => wireBytes / 1e6, 1),
    of(({ requests }) => requests, 0),
  ];
}

/** Aligned columns: the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, at) => at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))
      .join("  ")
  ).join("\n");
}
