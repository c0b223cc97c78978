/**
 * What is wrong, in one line, and the command that mends it. Facts are gathered once, everything side by side; checks are data
 * in one list, and only judge. The doctor changes nothing and takes no lock.
 */
export { CHECKS, type RoleCheck } from "./checks.ts";
export type { Answered, Build, LabHostFacts, ReceiverFacts } from "./facts.ts";
export { type Role, ROLES, type Row, SEVERITIES, type Severity } from "./finding.ts";
export { gatherLabHostFacts, type LabHostParts } from "./lab_host_facts.ts";
export { findLocalAccount } from "./look/account.ts";
export { type Journal, parseJournalLine, readJournal } from "./look/journal.ts";
export { gatherReceiverFacts, type OwnSocket, type ReceiverParts } from "./receiver_facts.ts";
export { type Report, reportOf, reportSchema } from "./report.ts";
export { examine, type Examined, exitCodeOf, type Patient } from "./run.ts";
export { gatherStory, type Story } from "./look/story.ts";
export { tally } from "./tally.ts";
export { explain, type Why } from "./why.ts";
