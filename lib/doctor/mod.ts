/**
 * What is wrong, in one line, and the command that mends it. Facts are gathered once, by one file a role; checks are data
 * in one list a role, and only judge. The doctor changes nothing and takes no lock.
 */
export * from "./checks/configuration.ts";
export { LAB_HOST_CHECKS } from "./checks/lab_host.ts";
export { RECEIVER_CHECKS } from "./checks/receiver.ts";
export * from "./finding.ts";
export { gatherLabHostFacts, type LabHostFacts, type LabHostParts } from "./lab_host_facts.ts";
export { gatherReceiverFacts, type ReceiverFacts, type ReceiverParts } from "./receiver_facts.ts";
