// Package importer makes a config repo of what is live: the accounts of an AWS
// Organization, and the assignments of IAM Identity Center to groups and users
// that Microsoft Entra provisions.
//
// [Read] asks the outside through small interfaces and gives a [Snapshot],
// whole or not at all. [Build] is pure: of a snapshot and the repo that is there
// it makes the files to write and the findings, what was left out and why. Its
// promise is checked on every result before it is given out: the repo is valid,
// no file that was there lost a byte, and nothing is desired beyond what was
// desired before that is not live. So a plan for it has nothing to do.
//
// # What is never guessed
//
// A grant that stands in the repo and has an end, passed or not, is never
// written again without one. An account that selectors of the repo would open to
// somebody who is not in it today is not written as an open one. Who owns and
// approves is not to be seen in AWS: it is the control plane until people say
// otherwise.
//
// # Outside text
//
// Names come from three directories. What cannot stand in a file is refused
// there, and shown quoted in findings.
package importer
