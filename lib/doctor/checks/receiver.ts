/** The checks of a receiver, in the order in which they are shown. */
import { isFsError } from "../../sys/mod.ts";
import { judgeDirectories, judgeSpace } from "../disk.ts";
import type { Check } from "../finding.ts";
import type { ReceiverFacts } from "../receiver_facts.ts";

const STORE_DIR: Check<ReceiverFacts> = {
  code: "store-dir",
  title: "store directory",
  dependsOn: [],
  run: ({ store, directories }) => judgeDirectories(store, directories),
};

const SPACE: Check<ReceiverFacts> = {
  code: "store-space",
  title: "free space",
  dependsOn: ["store-dir"],
  run: ({ config, space }) =>
    judgeSpace(config.storeDir, space, config.limits.minFreeBytes, "nothing more is accepted"),
};

const TOKENS: Check<ReceiverFacts> = {
  code: "tokens",
  title: "tokens",
  dependsOn: [],
  run: ({ config, tokens }) => {
    const file = config.tokensFile;
    const evidence = { file };
    if (isFsError(tokens, "gone")) {
      return {
        severity: "yellow",
        cause: `${file} is not there: no host may send anything yet`,
        fix: "sudo cis490 receive token add HOST",
        evidence,
      };
    }
    if (isFsError(tokens)) {
      return {
        severity: "unseen",
        cause: `${file} may not be looked at by this user (${tokens.errno})`,
        fix: "sudo cis490 doctor",
        evidence,
      };
    }
    if ((tokens.mode & 0o007) !== 0) {
      return {
        severity: "yellow",
        cause: `${file} is open to every user of this machine`,
        fix: `sudo chmod o= ${file}`,
        evidence: { ...evidence, mode: tokens.mode.toString(8) },
      };
    }
    return { severity: "green", cause: `${file} is there`, evidence };
  },
};

const LISTENING: Check<ReceiverFacts> = {
  code: "listening",
  title: "listening",
  dependsOn: [],
  run: ({ config: { listen }, notListening }) => {
    const where = listen.transport === "unix" ? listen.path : `${listen.hostname}:${listen.port}`;
    const evidence = { listen: where };
    if (notListening === undefined) {
      return { severity: "green", cause: `something answers at ${where}`, evidence };
    }
    return {
      severity: "red",
      cause: `nothing answers at ${where}: ${notListening}`,
      fix: "sudo systemctl restart cis490-receiver; systemctl status cis490-receiver",
      evidence,
    };
  },
};

export const RECEIVER_CHECKS: readonly Check<ReceiverFacts>[] = [
  STORE_DIR,
  SPACE,
  TOKENS,
  LISTENING,
];
