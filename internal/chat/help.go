package chat

import (
	"slices"

	"aws-access-bot/internal/access"
)

// Help lists the commands for who reads it on a chat service, where people are
// served on some: what can only be written on one of them is said as such, and left
// out where that is not served.
func Help(here access.Platform, served ...access.Platform) Message {
	line := func(usage, does string) Text { return Text{{Text: usage, Code: true}, {Text: "\n" + does}} }
	m := Message{Summary: "What the bot understands", Blocks: []Block{
		Heading("AWS access"),
		line("/aws-access request", "opens the form"),
		line("/aws-access request <account> <permission-set> for <group>|me [4h|7d|until 2026-12-24|standing] <reason>", "asks in one line"),
		line("/aws-access status [REQ-…]", "your requests, or one of them"),
		line("/aws-access cancel REQ-…", "closes the pull request of a request of yours"),
		line("/aws-access extend REQ-… 4h", "asks for what a request granted once more, from the merge on"),
		line("/aws-access revoke REQ-…", "asks for the removal of what a request granted"),
		line("/aws-onboard <account-id>", "brings an AWS account in: its file, its OU and its baseline"),
		line("/aws-onboard <account-id> again", "its owners and the control plane: takes an onboarding up again that has stopped"),
		line("/aws-access confirm REQ-…", "after old access to an account was taken away: people are still in, so it is not put back"),
		line("/aws-access phase", "how far the migration is, account by account"),
		line("/aws-access phase 2", "the control plane: opens the pull request that goes to that phase"),
		line("/aws-access drift", "the control plane: where AWS and the config repo differ, and what can be done"),
		line("/aws-access sync", "the control plane: looks at everything in AWS now"),
		line("/aws-access link github <login>", "prepares the pull request that links your GitHub account to you, so that your approvals count"),
		line("/aws-access whoami", "who the bot takes you for"),
		line("/aws-access cli [account]", "one ~/.aws/config for all that you may use, or for the accounts with that in their name"),
	}}
	switch {
	case byAddress(here):
		m.Blocks = append(m.Blocks, line("/aws-access link you@company.com", "prepares the pull request that links your "+here.Name()+" user to you, if the bot does not know you"))
	case slices.ContainsFunc(served, byAddress):
		m.Blocks = append(m.Blocks, line("link you@company.com", "in Slack only, behind the command there: prepares the pull request that links your Slack user to you, if the bot does not know you there"))
	}
	return m
}

// byAddress reports whether a chat service knows people by an e-mail address, so
// that people.yaml may have to say who somebody is. Teams signs the Entra id.
func byAddress(p access.Platform) bool { return !p.Vouches() }
