/** docs/bring-up.md as what it says to do: the blocks of commands, each for a machine, in the order of the page. */

const FILE = new URL("../../docs/bring-up.md", import.meta.url);

const MACHINES = ["pi", "lab"] as const;
export type Machine = typeof MACHINES[number];

export interface Block {
  readonly machine: Machine;
  readonly script: string;
}

/** @throws {Error} naming a block for a machine that there is not; one without a machine is for nobody to run */
export function readBringUp(text = Deno.readTextFileSync(FILE)): Block[] {
  return [...text.matchAll(/^```sh (\S+)\n([^]*?)^```$/gm)].map(([, word = "", script = ""]) => {
    const machine = MACHINES.find((machine) => machine === word);
    if (machine === undefined) throw new Error(`docs/bring-up.md has a block for ${word}`);
    return { machine, script };
  });
}
