/** On what a figure was measured: without it, it means nothing. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly fileSystem: string;
  readonly kernel: string;
  readonly deno: string;
  /** The load of the last minute before the start; above 0.5, other work was measured as well. */
  readonly loadBefore: number;
}

export async function describeMachine(directory: string): Promise<Machine> {
  const cpu = /^model name\s*:\s*(.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1];
  const mount = await new Deno.Command("findmnt", {
    args: ["--noheadings", "--output", "FSTYPE", "--target", directory],
  }).output();
  return {
    cores: navigator.hardwareConcurrency,
    cpu: cpu ?? Deno.build.arch,
    memoryBytes: Deno.systemMemoryInfo().total,
    fileSystem: new TextDecoder().decode(mount.stdout).trim(),
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    loadBefore: Deno.loadavg()[0] ?? NaN,
  };
}

export function formatMachine(machine: Machine): string {
  const { cores, cpu, memoryBytes, fileSystem, kernel, deno, loadBefore } = machine;
  const gb = Math.round(memoryBytes / 2 ** 30);
  return `${cores} cores (${cpu}), ${gb} GiB, ${fileSystem}, Linux ${kernel}, Deno ${deno}; ` +
    `load before: ${loadBefore.toFixed(2)}`;
}
