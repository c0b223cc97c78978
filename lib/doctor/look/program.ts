/** Other programs that the doctor asks: all at once, none for long, and what they lack is a finding, never an error. */
import { type ProgramEnd, ProgramError, type RunProgram } from "../../sys/mod.ts";
import type { Seen } from "../finding.ts";

/** The doctor is done within two seconds, whatever hangs. */
export const PROGRAM_TIMEOUT_MS = 1300;

/** Messages in English, since some are read; nothing else of whoever asks. */
const ENVIRONMENT = { LC_ALL: "C", HOME: "/nonexistent" };

/** Unseen when the program is not there or gives no answer in time. */
export async function ask(
  run: RunProgram,
  name: string,
  args: readonly string[],
  more: { readonly env?: Readonly<Record<string, string>>; readonly outputLimitBytes?: number } =
    {},
): Promise<Seen<ProgramEnd, ProgramError>> {
  const { env = {}, ...rest } = more;
  try {
    const program = { name, args, env: { ...ENVIRONMENT, ...env }, timeoutMs: PROGRAM_TIMEOUT_MS };
    return { kind: "seen", value: await run({ ...program, ...rest }) };
  } catch (error) {
    if (error instanceof ProgramError) return { kind: "unseen", why: error };
    throw error;
  }
}
